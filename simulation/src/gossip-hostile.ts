/** Gossip swarms with hostile members, and what they achieve. The numbers are those of the threat model. */
import { addressOf, GossipSwarm, nodeName, silence, solveTime } from './gossip-swarm.ts'
import type { Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { Ask, Event, GossipConfig } from '@hearsay/protocol-gossip/engine'
import type { SwarmAnswer, SwarmEngine, SwarmInit } from './gossip-swarm.ts'

const SECOND = 1_000
const MINUTE = 60_000
const LATENCY: [Millis, Millis] = [10, 120]

const honestNames = (count: number): PeerKey[] => Array.from({ length: count }, (_, index) => nodeName(index))
const sybilName = (index: number): PeerKey => `sybil-${index}` as PeerKey
const isSybil = (name: PeerKey): boolean => name.startsWith('sybil-')

/** Honest nodes, and identities that join like any other, keep announces to themselves and offer none but each other. */
class SybilSwarm extends GossipSwarm {
  private readonly sybils: number
  /** When each of the attacker's threads is free. BOUNDED by the threads */
  private readonly threads: Millis[]

  constructor(init: SwarmInit, sybils: number, threads: number) {
    super(init)
    this.sybils = sybils
    this.threads = Array.from({ length: threads }, () => 0)
  }

  override createEngine(self: PeerKey, random: Random): SwarmEngine {
    const engine = super.createEngine(self, random)
    return isSybil(self) ? { handle: (input, now) => silence(engine.handle(input, now), 'announce') } : engine
  }

  protected override decide(self: PeerKey, ask: Ask, random: Random): SwarmAnswer {
    if (isSybil(self) && ask.type === 'addresses') {
      const addresses = Array.from({ length: 64 }, () => addressOf(sybilName(random.below(this.sybils))))
      return { answer: { ...ask, addresses }, after: 0 }
    }

    return super.decide(self, ask, random)
  }

  override onEvent(self: PeerKey, event: Event, now: Millis): void {
    // what hostile nodes hear is no delivery
    if (event.type !== 'message' || !isSybil(self)) {
      super.onEvent(self, event, now)
    }
  }

  /** All identities together have so many threads */
  protected override solve(self: PeerKey, random: Random): Millis {
    if (!isSybil(self)) {
      return super.solve(self, random)
    }

    const { now } = this.network
    const thread = this.threads.indexOf(Math.min(...this.threads))
    const found = Math.max(now, this.threads[thread]!) + solveTime(random)
    this.threads[thread] = found
    return found - now
  }
}

export interface SybilAttack {
  seed: number
  honest: number
  sybils: number
  /** What the attacker has to solve with, in threads as fast as a node's own one */
  threads: number
  knownPeers: number
  config: Partial<GossipConfig>
}

export interface SybilResult {
  /** Among honest nodes */
  delivery: number
  p99Latency: Millis
  /** Largest share of a node's places that hostile identities hold */
  worstShare: number
}

const ANNOUNCES = 50

/** T13: the identities join one after the other; ten minutes later, honest nodes announce */
export function runSybils({ seed, honest, sybils, threads, knownPeers, config }: SybilAttack): SybilResult {
  const swarm = new SybilSwarm({ seed, latency: LATENCY, knownPeers, config }, sybils, threads)
  const { network } = swarm
  const names = honestNames(honest)
  names.forEach((name) => swarm.join(name, names))
  names.forEach((name) => swarm.start(name))
  network.run(MINUTE)

  for (let i = 0; i < sybils; i++) {
    swarm.join(sybilName(i), names)
    swarm.start(sybilName(i))
    network.run(SECOND / 5)
  }

  network.run(10 * MINUTE)

  for (let i = 0; i < ANNOUNCES; i++) {
    swarm.announce(names[network.random.below(honest)]!, Uint8Array.of(i))
    network.run(SECOND / 10)
  }

  network.run(20 * SECOND)
  const held = names.map((name) => [...swarm.peers(name)].filter(isSybil).length)
  return {
    delivery: swarm.latencies.length / (ANNOUNCES * (honest - 1)),
    p99Latency: swarm.latencyAt(0.99),
    worstShare: Math.max(...held) / swarm.config.maxConnections
  }
}

export interface FloodAttack {
  seed: number
  honest: number
  /** Announces a second, of all honest nodes together and of the attacker */
  offered: number
  flood: number
  seconds: number
  config: Partial<GossipConfig>
}

export interface FloodResult {
  /** Of honest announces among honest nodes */
  delivery: number
  /** Announces of the attacker that an honest node was shown in a second, on average */
  suffered: number
  /** Honest nodes the attacker is connected to */
  neighbours: number
}

const FLOODER = 'flooder' as PeerKey
const NEIGHBOURS = 12
/** In a second */
const TICKS = 100

/** Counts by who announced */
class FloodSwarm extends GossipSwarm {
  private readonly hostile = new Set<bigint>()
  honestDeliveries = 0
  hostileDeliveries = 0

  /** Each of its announces goes to one neighbour, so that all neighbours together take as many as they can */
  protected override configOf(self: PeerKey): GossipConfig {
    return self === FLOODER ? { ...this.config, degree: 1, minConnections: NEIGHBOURS } : this.config
  }

  override onEvent(self: PeerKey, event: Event, now: Millis): void {
    if (event.type === 'announced' && self === FLOODER) {
      this.hostile.add(event.id)
    } else if (event.type === 'message' && self !== FLOODER) {
      this[this.hostile.has(event.announce.id) ? 'hostileDeliveries' : 'honestDeliveries']++
    }

    super.onEvent(self, event, now)
  }
}

/** T5: one node announces without end, beside the honest ones */
export function runFlood({ seed, honest, offered, flood, seconds, config }: FloodAttack): FloodResult {
  const swarm = new FloodSwarm({ seed, latency: LATENCY, knownPeers: 3, config })
  const { network } = swarm
  const names = honestNames(honest)
  ;[...names, FLOODER].forEach((name) => swarm.join(name, names))
  ;[...names, FLOODER].forEach((name) => swarm.start(name))
  network.run(4 * MINUTE)
  let [made, flooded] = [0, 0]

  for (let tick = 1; tick <= seconds * TICKS; tick++) {
    for (; made < Math.floor((tick * offered) / TICKS); made++) {
      swarm.announce(names[network.random.below(honest)]!, Uint8Array.of(1, made >> 8, made))
    }

    for (; flooded < Math.floor((tick * flood) / TICKS); flooded++) {
      swarm.announce(FLOODER, Uint8Array.of(2, flooded >> 16, flooded >> 8, flooded))
    }

    network.run(SECOND / TICKS)
  }

  network.run(10 * SECOND)
  return {
    delivery: swarm.honestDeliveries / (made * (honest - 1)),
    suffered: swarm.hostileDeliveries / honest / seconds,
    neighbours: swarm.peers(FLOODER).size
  }
}
