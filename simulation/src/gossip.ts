import { engineDefaults, GossipEngine } from '@hearsay/protocol-gossip/engine'
import { VirtualNetwork } from './network.ts'
import type { Millis, PeerKey } from '@hearsay/protocol-core/pure'
import type { Message } from '@hearsay/protocol-gossip/codec'
import type { Answer, Ask, Command, Event, GossipConfig } from '@hearsay/protocol-gossip/engine'
import type { Adapter } from './network.ts'

export interface GossipScenario {
  name: string
  seed: number
  nodes: number
  /** Random known peers each node starts with */
  knownPeers: number
  /** One way, in ms: shortest and longest */
  latency: [Millis, Millis]
  /** Search cooldowns before anybody announces */
  warmUpCooldowns: number
  announces: number
  /** In ms, for all announces to arrive */
  settle: Millis
  config: Partial<GossipConfig>
  /** The run fails below or above these */
  expect: {
    /** Deliveries over those that were possible, lowest */
    coverage: number
    /** Announces received over those that were new, highest */
    redundancy: number
    /** Nodes with minConnections to maxConnections verified peers, lowest share */
    connected: number
    /** Highest, in ms */
    p99Latency: Millis
  }
}

export interface GossipResult {
  coverage: number
  redundancy: number
  connected: number
  p50Latency: Millis
  p99Latency: Millis
  traceHash: string
}

const DATA_TYPE = 1
/** Median of a 24-bit proof on one thread, in ms; drawn from an exponential distribution around it */
const MEAN_SOLVE_TIME = 1_000

const nodeName = (index: number): PeerKey => `node-${index}` as PeerKey
const addressOf = (peer: PeerKey): string => `/sim/p2p/${peer}`

/** One network of gossip engines, and what was observed of it. */
class GossipSwarm implements Adapter<Message, Command, Answer, Event, Ask> {
  readonly protocol = '/hearsay/gossip/1.0.0'
  readonly network: VirtualNetwork<Message, Command, Answer, Event, Ask>
  private readonly scenario: GossipScenario
  /** BOUNDED by the nodes */
  private readonly verified = new Map<PeerKey, number>()
  /** When each announce was made. BOUNDED by the scenario */
  private readonly announcedAt = new Map<bigint, Millis>()
  private readonly latencies: Millis[] = []
  private received = 0

  constructor(scenario: GossipScenario) {
    this.scenario = scenario
    this.network = new VirtualNetwork(this, scenario)
  }

  createEngine: Adapter<Message, Command, Answer, Event, Ask>['createEngine'] = (self, random) => {
    const { knownPeers, nodes, config } = this.scenario
    const known = Array.from({ length: knownPeers }, () => addressOf(nodeName(random.below(nodes))))
    return new GossipEngine({
      self,
      random,
      // the gate's work is simulated as time, so its proofs may be empty
      config: {
        ...engineDefaults,
        ...config,
        difficultyBits: 0,
        knownPeers: known.filter((each) => each !== addressOf(self))
      }
    })
  }

  answer: Adapter<Message, Command, Answer, Event, Ask>['answer'] = (_self, ask, random) => {
    switch (ask.type) {
      case 'solve': {
        const { peer, challenge } = ask
        const after = -Math.log(1 - random.below(2 ** 32) / 2 ** 32) * MEAN_SOLVE_TIME
        return { answer: { type: 'solved', peer, challenge, nonce: 0n }, after }
      }
      case 'validate':
        return { answer: { type: 'verdict', ticket: ask.ticket, subscriber: ask.subscriber, valid: true }, after: 0 }
      case 'addresses':
        return { answer: { ...ask, addresses: ask.peers.map(addressOf) }, after: 0 }
      case 'prove':
        return { answer: { type: 'proven', peer: ask.peer, offer: ask.offer }, after: 0 }
    }
  }

  target(_peer: PeerKey | undefined, addresses: readonly string[]): PeerKey | undefined {
    return addresses[0]?.split('/p2p/')[1] as PeerKey | undefined
  }

  onSend(_from: PeerKey, _to: PeerKey, message: Message): void {
    this.received += message.type === 'announce' ? 1 : 0
  }

  onEvent(self: PeerKey, event: Event, now: Millis): void {
    switch (event.type) {
      case 'verified':
        this.verified.set(self, (this.verified.get(self) ?? 0) + 1)
        break
      case 'lost':
        this.verified.set(self, (this.verified.get(self) ?? 0) - 1)
        break
      case 'message':
        this.latencies.push(now - (this.announcedAt.get(event.announce.id) ?? Number.NaN))
        break
      case 'announced':
        this.announcedAt.set(event.id, now)
    }
  }

  run(): GossipResult {
    const { nodes, warmUpCooldowns, announces, settle, config } = this.scenario
    const names = Array.from({ length: nodes }, (_, index) => nodeName(index))
    names.forEach((name) => this.network.add(name))
    names.forEach((name) => {
      this.network.command(name, { type: 'subscribe', subscriber: 0, party: 'app', dataType: DATA_TYPE })
      this.network.command(name, { type: 'start' })
    })
    this.network.run(warmUpCooldowns * (config.searchCooldown ?? engineDefaults.searchCooldown))
    const connected = names.filter((name) => this.isConnected(name)).length / nodes

    for (let i = 0; i < announces; i++) {
      const data = Uint8Array.of(i >> 8, i & 0xff)
      const origin = names[this.network.random.below(nodes)]!
      this.network.command(origin, { type: 'announce', party: 'app', dataType: DATA_TYPE, data, ttl: 0 })
    }

    this.network.run(settle)
    return { connected, ...this.summary() }
  }

  private isConnected(name: PeerKey): boolean {
    const { minConnections, maxConnections } = { ...engineDefaults, ...this.scenario.config }
    const count = this.verified.get(name) ?? 0
    return count >= minConnections && count <= maxConnections
  }

  private summary(): Omit<GossipResult, 'connected'> {
    const { nodes, announces } = this.scenario
    const sorted = this.latencies.toSorted((a, b) => a - b)
    const quantile = (q: number): Millis =>
      sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
    return {
      coverage: sorted.length / (announces * (nodes - 1)),
      redundancy: this.received / sorted.length,
      p50Latency: quantile(0.5),
      p99Latency: quantile(0.99),
      traceHash: this.network.traceHash
    }
  }
}

export function runGossip(scenario: GossipScenario): GossipResult {
  return new GossipSwarm(scenario).run()
}

/** What a result lacks of what its scenario expects, in words */
export function shortfalls(result: GossipResult, { expect }: GossipScenario): string[] {
  return [
    ...(result.coverage >= expect.coverage
      ? []
      : [`coverage ${result.coverage}, at least ${expect.coverage} expected`]),
    ...(result.connected >= expect.connected
      ? []
      : [`connected ${result.connected}, at least ${expect.connected} expected`]),
    ...(result.redundancy <= expect.redundancy
      ? []
      : [`redundancy ${result.redundancy}, at most ${expect.redundancy} expected`]),
    ...(result.p99Latency <= expect.p99Latency
      ? []
      : [`p99 latency ${result.p99Latency} ms, at most ${expect.p99Latency} expected`])
  ]
}
