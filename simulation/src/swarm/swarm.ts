import { Publications } from './publications.ts'
import { createPayload, isValid, numberOf } from './payload.ts'
import { Solvers } from './solvers.ts'
import { VirtualNetwork } from '../network/network.ts'
import type { Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { Adapter, EngineOf, NetworkConfig, Protocol, Reply } from '../network/network.ts'
import type { Measures } from './measures.ts'
import type { Spreading } from './spreading.ts'

export interface SwarmConfig extends NetworkConfig {
  /** Random known peers each honest node starts with */
  knownPeers: number
  /** Mean time of one proof of work, in ms; drawn from an exponential distribution. @default 1_000 */
  solveTime?: Millis
  /** Bytes of a payload. @default 100 */
  payloadBytes?: number
  /** Neighbours that a node should have, lowest and highest. @default 1 to unlimited */
  neighbours?: readonly [number, number]
}

export interface JoinOptions<T extends Protocol> {
  /** It attacks: what it does is not measured */
  hostile?: boolean
  /** Whom it knows. @default random honest nodes */
  known?: readonly PeerKey[]
  /** Changes what its engine does */
  disguise?: (engine: EngineOf<T>, self: PeerKey) => EngineOf<T>
  /** Its address group. @default one of its own */
  group?: string
}

/** Of a 24-bit proof on one thread */
const MEAN_SOLVE_TIME = 1_000

/** Nodes that spread payloads, honest ones and others, and what was observed of them. */
export class Swarm<T extends Protocol> implements Adapter<T> {
  /** What each session is said to have negotiated: engines that speak several dialects ask */
  readonly protocol = '/hearsay/gossip/1.0.0'
  readonly network: VirtualNetwork<T>
  readonly publications = new Publications()
  /** Proofs of work that attackers had to find, and honest nodes */
  readonly proofs = { hostile: 0, honest: 0 }
  /** Payload messages handed to the network by honest nodes */
  forwards = 0
  private readonly config: SwarmConfig
  private readonly spreading: Spreading<T>
  private readonly random: Random
  /** By number; nobody's number is used twice. BOUNDED by the nodes ever added, like the other lists here */
  private readonly names: PeerKey[] = []
  private readonly indices = new Map<PeerKey, number>()
  private readonly joining = new Map<PeerKey, JoinOptions<T>>()
  private readonly hostile: boolean[] = []
  private readonly neighbours: number[] = []
  private readonly hostileNeighbours: number[] = []
  private readonly solvers = new Map<PeerKey, Solvers>()
  /** What attackers have between them; undefined: each has its own */
  private sharedSolvers: Solvers | undefined
  private readonly punished = new Set<PeerKey>()
  private penalties = 0
  private honestBytes = 0
  private received = 0
  private countedFrom = 0

  constructor(spreading: Spreading<T>, config: SwarmConfig) {
    this.spreading = spreading
    this.config = config
    this.network = new VirtualNetwork(this, config)
    this.random = this.network.random
  }

  /** Names of the nodes ever added, by number */
  get all(): readonly PeerKey[] {
    return this.names
  }

  /** Honest nodes that are there */
  get honest(): PeerKey[] {
    return [...this.network.peers()].filter((peer) => !this.isHostile(peer))
  }

  /** Attackers have so many processors between them, instead of one each */
  shareSolvers(count: number): void {
    this.sharedSolvers ??= new Solvers(count, (after, happen) => this.network.schedule(after, happen))
  }

  isHostile(peer: PeerKey): boolean {
    return this.hostile[this.indices.get(peer) ?? -1] === true
  }

  /** A name for a node that joins later: others may know it by then */
  reserve(hostile = false): PeerKey {
    const index = this.names.length
    const name = `node-${index}` as PeerKey
    this.names.push(name)
    this.indices.set(name, index)
    this.hostile.push(hostile)
    this.neighbours.push(0)
    this.hostileNeighbours.push(0)
    return name
  }

  join(options: JoinOptions<T> = {}, name: PeerKey = this.reserve(options.hostile === true)): PeerKey {
    this.joining.set(name, options)
    this.network.add(name)
    this.spreading.joining.forEach((command) => this.network.command(name, command))
    return name
  }

  /** That many honest nodes at once, which know each other at random. They join within `spread` ms */
  joinTogether(count: number, spread: Millis = 0): PeerKey[] {
    const names = Array.from({ length: count }, () => this.reserve())
    names.forEach((name, index) => {
      if (spread === 0) {
        this.join({}, name)
      } else {
        this.network.schedule((index * spread) / count, () => void this.join({}, name))
      }
    })
    return names
  }

  publish(origin: PeerKey, valid = true): void {
    const number = this.publications.add(this.indices.get(origin)!, this.names.length, this.network.now)
    this.command(origin, createPayload(number, this.config.payloadBytes ?? 100, valid))
  }

  /** A payload that does not count: what attackers send */
  spam(origin: PeerKey, valid: boolean): void {
    this.command(
      origin,
      createPayload(2 ** 32 - 1 - this.random.below(2 ** 31), this.config.payloadBytes ?? 100, valid)
    )
  }

  /** One after the other by random honest nodes, within `during` ms; then `settle` ms for all to arrive */
  publishEvenly(count: number, during: Millis, settle: Millis, origins: readonly PeerKey[] = this.honest): void {
    this.startCounting()

    for (let i = 0; i < count; i++) {
      this.network.schedule((i * during) / count, () => {
        const there = origins.filter((origin) => this.network.has(origin))

        if (there.length > 0) {
          this.publish(there[this.random.below(there.length)]!)
        }
      })
    }

    this.network.run(during + settle)
  }

  /** Bytes and copies count from now on */
  startCounting(): void {
    this.countedFrom = this.publications.deliveries
    this.honestBytes = 0
    this.received = 0
    this.forwards = 0
  }

  /** @param victims - measure deliveries to these alone. @default all honest nodes */
  measures(victims?: ReadonlySet<PeerKey>): Measures {
    const [p50Latency, p99Latency, maxLatency] = this.publications.latency(0.5, 0.99, 1) as [Millis, Millis, Millis]
    const deliveries = this.publications.deliveries - this.countedFrom
    const there = this.honest.map((peer) => this.indices.get(peer)!)
    const [fewest, most] = this.config.neighbours ?? [1, Number.POSITIVE_INFINITY]
    const hostileShares = there.map((index) => this.hostileNeighbours[index]! / Math.max(1, this.neighbours[index]!))
    const largest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0)

    return {
      delivery: this.publications.delivery((node) => {
        const name = this.names[node]!
        return !this.hostile[node]! && this.network.has(name) && victims?.has(name) !== false
      }),
      replayed: this.publications.repeated,
      p50Latency,
      p99Latency,
      maxLatency,
      duplicates: this.received / deliveries - 1,
      bytesPerDelivery: this.honestBytes / deliveries,
      penalties: this.penalties,
      wronglyPunished: this.punished.size,
      connected:
        there.filter((node) => this.neighbours[node]! >= fewest && this.neighbours[node]! <= most).length /
        there.length,
      neighbours: there.reduce((sum, node) => sum + this.neighbours[node]!, 0) / there.length,
      worstHostileShare: largest(hostileShares),
      worstHostile: largest(there.map((index) => this.hostileNeighbours[index]!)),
      hostileShare: hostileShares.reduce((sum, share) => sum + share, 0) / there.length,
      traceHash: this.network.traceHash
    }
  }

  createEngine(self: PeerKey, random: Random): EngineOf<T> {
    const { known = this.randomKnown(self, random), disguise } = this.joining.get(self)!
    const engine = this.spreading.createEngine({ self, random, known })
    return disguise?.(engine, self) ?? engine
  }

  answer(self: PeerKey, ask: T['ask'], { send, isWanted }: Reply<T>): void {
    this.spreading.answer(ask, send, { solve: (found) => this.solve(self, isWanted, found), isValid })
  }

  target(peer: PeerKey | undefined, addresses: readonly string[]): PeerKey | undefined {
    const target = this.spreading.target(peer, addresses)
    // the string that is there already: keys cut from addresses would keep these in memory
    return target === undefined ? undefined : this.names[this.indices.get(target) ?? -1]
  }

  bytes(message: T['message']): number {
    return this.spreading.bytes(message)
  }

  group(peer: PeerKey): string {
    return this.joining.get(peer)?.group ?? peer
  }

  onSend(from: PeerKey, to: PeerKey, message: T['message'], bytes: number): void {
    const isHonest = !this.isHostile(from)
    const payload = this.spreading.payloadOf(message)

    if (isHonest) {
      this.honestBytes += bytes
      this.forwards += payload === undefined ? 0 : 1
    }

    if (payload !== undefined && isValid(payload) && !this.isHostile(to)) {
      this.received += this.publications.has(numberOf(payload)) ? 1 : 0
    }
  }

  onEvent(self: PeerKey, event: T['event'], now: Millis): void {
    const index = this.indices.get(self)!
    const payload = this.spreading.deliveredBy(event)
    const neighbour = this.spreading.neighbourBy(event)
    const blamed = this.spreading.blamedBy(event)

    if (this.hostile[index] === true) {
      return
    } else if (payload !== undefined) {
      this.publications.onDelivered(numberOf(payload), index, now)
    } else if (neighbour !== undefined) {
      const change = neighbour.joined ? 1 : -1
      this.neighbours[index]! += change
      this.hostileNeighbours[index]! += this.isHostile(neighbour.peer) ? change : 0
    } else if (blamed !== undefined) {
      this.blame(blamed)
    }
  }

  onClose(self: PeerKey, peer: PeerKey, reason: string): void {
    if (this.spreading.blames.has(reason) && !this.isHostile(self)) {
      this.blame(peer)
    }
  }

  private blame(peer: PeerKey): void {
    this.penalties++

    if (!this.isHostile(peer)) {
      this.punished.add(peer)
    }
  }

  private command(origin: PeerKey, payload: Uint8Array): void {
    this.network.command(origin, this.spreading.publish(payload))
  }

  private randomKnown(self: PeerKey, random: Random): PeerKey[] {
    const known = new Set<PeerKey>()

    for (let tries = 0; known.size < this.config.knownPeers && tries < 10 * this.config.knownPeers; tries++) {
      const index = random.below(this.names.length)

      if (this.names[index] !== self && !this.hostile[index]!) {
        known.add(this.names[index]!)
      }
    }

    return [...known]
  }

  private solve(self: PeerKey, isWanted: () => boolean, done: () => void): void {
    const { solveTime = MEAN_SOLVE_TIME } = this.config
    const hostile = this.isHostile(self)
    const duration = -Math.log(1 - this.random.below(2 ** 32) / 2 ** 32) * solveTime
    const solvers = (hostile ? this.sharedSolvers : undefined) ?? this.solversOf(self)
    const found = (): void => {
      this.proofs[hostile ? 'hostile' : 'honest']++
      done()
    }
    solvers.add({ isWanted, duration, done: found })
  }

  private solversOf(self: PeerKey): Solvers {
    let solvers = this.solvers.get(self)

    if (solvers === undefined) {
      solvers = new Solvers(1, (after, happen) => this.network.schedule(after, happen))
      this.solvers.set(self, solvers)
    }

    return solvers
  }
}
