import { encode } from '@hearsay/protocol-gossip/codec'
import { engineDefaults, GossipEngine } from '@hearsay/protocol-gossip/engine'
import { VirtualNetwork } from './network/network.ts'
import type { Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { Message } from '@hearsay/protocol-gossip/codec'
import type { Answer, Ask, Event, GossipConfig, GossipEffect } from '@hearsay/protocol-gossip/engine'
import type { Adapter, EngineOf, Reply } from './network/network.ts'
import type { GossipProtocol } from './swarm/gossip.ts'

export interface SwarmInit {
  seed: number
  /** One way, in ms: shortest and longest */
  latency: [Millis, Millis]
  /** Random known peers each node starts with */
  knownPeers: number
  /** Whom the others ask when none of these answers */
  bootstrapper?: PeerKey
  config: Partial<GossipConfig>
}

export type SwarmEngine = EngineOf<GossipProtocol>

/** What an ask is answered, and after how many ms */
export interface SwarmAnswer {
  answer: Answer
  after: Millis
}

const DATA_TYPE = 1
/** Of a proof of 24 bits on one thread, in ms; times are distributed exponentially */
const MEAN_SOLVE_TIME = 1_000

export const nodeName = (index: number): PeerKey => `node-${index}` as PeerKey
export const addressOf = (peer: PeerKey): string => `/sim/p2p/${peer}`

/** How long one proof takes, in ms */
export function solveTime(random: Random): Millis {
  return -Math.log(1 - random.below(2 ** 32) / 2 ** 32) * MEAN_SOLVE_TIME
}

/** A network of gossip engines, and what is observed of it. */
export class GossipSwarm implements Adapter<GossipProtocol> {
  readonly protocol = '/hearsay/gossip/1.0.0'
  readonly network: VirtualNetwork<GossipProtocol>
  readonly config: GossipConfig
  protected readonly init: SwarmInit
  /** In order of joining. BOUNDED by the scenario */
  readonly alive: PeerKey[] = []
  /** BOUNDED by the nodes that ever were */
  private readonly verified = new Map<PeerKey, Set<PeerKey>>()
  /** When each announce was made. BOUNDED by the scenario */
  private readonly announcedAt = new Map<bigint, Millis>()
  /** Of each delivery. BOUNDED by the scenario */
  readonly latencies: Millis[] = []
  /** When a node's thread for proofs is free. BOUNDED by the nodes that ever were */
  private readonly solvingUntil = new Map<PeerKey, Millis>()
  received = 0

  constructor(init: SwarmInit) {
    this.init = init
    this.config = { ...engineDefaults, ...init.config }
    this.network = new VirtualNetwork(this, init)
  }

  /** @param among - whom its known peers are drawn from */
  join(name: PeerKey, among: readonly PeerKey[] = this.alive): void {
    this.among = among.filter((each) => each !== name)
    this.network.add(name)
    this.alive.push(name)
    this.verified.set(name, new Set())
  }

  start(name: PeerKey): void {
    this.network.command(name, { type: 'subscribe', subscriber: 0, party: 'app', dataType: DATA_TYPE })
    this.network.command(name, { type: 'start' })
  }

  leave(name: PeerKey): void {
    this.network.remove(name)
    this.alive.splice(this.alive.indexOf(name), 1)
  }

  announce(origin: PeerKey, data: Uint8Array): void {
    this.network.command(origin, { type: 'announce', party: 'app', dataType: DATA_TYPE, data, ttl: 0 })
  }

  /** The verified peers of a node */
  peers(name: PeerKey): ReadonlySet<PeerKey> {
    return this.verified.get(name) ?? new Set()
  }

  isConnected(name: PeerKey): boolean {
    const { size } = this.peers(name)
    return size >= this.config.minConnections && size <= this.config.maxConnections
  }

  createEngine(self: PeerKey, random: Random): SwarmEngine {
    const { knownPeers } = this.init
    const known = Array.from({ length: Math.min(knownPeers, this.among.length) }, () => this.pick(random))
    return new GossipEngine({
      self,
      random,
      // the gate's work is simulated as time, so its proofs may be empty
      config: { ...this.configOf(self), difficultyBits: 0, knownPeers: [...new Set(known)] }
    })
  }

  /** For nodes that differ */
  protected configOf(self: PeerKey): GossipConfig {
    const { bootstrapper } = this.init
    return bootstrapper === undefined || bootstrapper === self
      ? this.config
      : { ...this.config, bootstrapper: addressOf(bootstrapper) }
  }

  answer(self: PeerKey, ask: Ask, { send }: Reply<GossipProtocol>): void {
    const { answer, after } = this.decide(self, ask, this.network.random)
    this.network.schedule(after, () => send(answer))
  }

  bytes(message: Message): number {
    return encode(message).byteLength
  }

  protected decide(self: PeerKey, ask: Ask, random: Random): SwarmAnswer {
    switch (ask.type) {
      case 'solve': {
        const { peer, challenge } = ask
        return { answer: { type: 'solved', peer, challenge, nonce: 0n }, after: this.solve(self, random) }
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
        this.verified.get(self)?.add(event.peer)
        break
      case 'lost':
        this.verified.get(self)?.delete(event.peer)
        break
      case 'message':
        this.latencies.push(now - (this.announcedAt.get(event.announce.id) ?? Number.NaN))
        break
      case 'announced':
        this.announcedAt.set(event.id, now)
    }
  }

  /** Of the deliveries so far, in ms */
  latencyAt(quantile: number): Millis {
    const sorted = this.latencies.toSorted((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? Number.NaN
  }

  /** One proof after the other: a node has one thread for them. @returns when this one is found, from now */
  protected solve(self: PeerKey, random: Random): Millis {
    const { now } = this.network
    const found = Math.max(now, this.solvingUntil.get(self) ?? 0) + solveTime(random)
    this.solvingUntil.set(self, found)
    return found - now
  }

  private among: readonly PeerKey[] = []

  private pick(random: Random): string {
    return addressOf(this.among[random.below(this.among.length)]!)
  }
}

/** Without what one kind of message says */
export function silence(effects: GossipEffect[], type: Message['type']): GossipEffect[] {
  return effects.filter((effect) => effect.type !== 'send' || effect.message.type !== type)
}
