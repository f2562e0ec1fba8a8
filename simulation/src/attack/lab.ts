import { Swarm } from '../swarm/swarm.ts'
import type { Millis, PeerKey } from '@hearsay/protocol-core/pure'
import type { Protocol } from '../network/network.ts'
import type { Measures } from '../swarm/measures.ts'
import type { Spreading } from '../swarm/spreading.ts'
import type { Disguise } from './disguises.ts'

export interface LabConfig {
  seed: number
  /** Honest nodes. Each knows eight others at its start */
  honest: number
  /** Bytes a second that a node can send. @default unlimited */
  bandwidth?: number
  /** That all attackers have together, for proofs of work; an honest node has one. @default 8 */
  processors?: number
  /** Mean time of a proof of work on one processor, in ms. @default 1_000 */
  solveTime?: number
  /** Attackers at most. @default as many as the scenario wants */
  maxSybils?: number
  /** @default 1_500_000 */
  maxMessages?: number
}

export interface Outcome extends Measures {
  /** Deliveries to those the attack is aimed at; to all where it is aimed at nobody */
  victims: number
  forwards: number
  /** Payloads sent after the last one should have arrived */
  restless: number
  proofs: number
}

export interface SybilOptions<T extends Protocol> {
  /** Whom each of them dials. @default eight random honest nodes */
  targets?: readonly PeerKey[]
  /** How many of the targets each knows. @default 15, as many as our pull view holds */
  each?: number
  disguise?: Disguise<T>
  /** They all come from so many address groups. @default one each */
  groups?: number
}

export const MINUTE: Millis = 60_000
const KNOWN = 8
const SETTLE: Millis = 20_000
const MAX_PEERS = 188
const PROCESSORS = 8
/** More than any protocol that comes to rest sends: then it is a storm, and the run ends */
const MAX_MESSAGES = 1_500_000

/** One attack in progress on one protocol. */
export class Lab<T extends Protocol> {
  readonly swarm: Swarm<T>
  readonly spreading: Spreading<T>
  readonly config: LabConfig

  constructor(spreading: Spreading<T>, config: LabConfig) {
    const { seed, bandwidth, solveTime, maxMessages = MAX_MESSAGES } = config
    this.spreading = spreading
    this.config = config
    this.swarm = new Swarm<T>(spreading, {
      seed,
      latency: [10, 120],
      jitter: 20,
      loss: 0.005,
      knownPeers: KNOWN,
      maxPeers: MAX_PEERS,
      maxMessages,
      ...(bandwidth === undefined ? {} : { bandwidth }),
      ...(solveTime === undefined ? {} : { solveTime })
    })
  }

  /** Honest nodes come within half a minute, and `minutes` pass */
  settle(minutes = 3, honest = this.config.honest): PeerKey[] {
    const names = this.swarm.joinTogether(honest, MINUTE / 2)
    this.pass(minutes)
    return names
  }

  pass(minutes: number): void {
    this.swarm.network.run(minutes * MINUTE)
  }

  /** Attackers join, all at once */
  sybils(count: number, { targets, each = 15, disguise, groups }: SybilOptions<T> = {}): PeerKey[] {
    const { swarm } = this
    const { random } = swarm.network
    const length = Math.min(count, this.config.maxSybils ?? count)
    const honest = targets ?? swarm.honest
    swarm.shareSolvers(this.config.processors ?? PROCESSORS)

    return Array.from({ length }, (_, i) => {
      const known = new Set<PeerKey>()

      for (let tries = 0; known.size < Math.min(each, honest.length) && tries < 20 * each; tries++) {
        known.add(honest[random.below(honest.length)]!)
      }

      return swarm.join({
        hostile: true,
        known: [...known],
        ...(disguise === undefined ? {} : { disguise }),
        ...(groups === undefined ? {} : { group: `group-${i % groups}` })
      })
    })
  }

  /** Fifty payloads within a minute by random honest nodes, or by `origins`; then all that happened */
  measure(victims?: ReadonlySet<PeerKey>, origins?: readonly PeerKey[], payloads = 50): Outcome {
    const { swarm } = this
    swarm.publishEvenly(payloads, MINUTE, SETTLE, origins)
    return this.outcome(victims)
  }

  outcome(victims?: ReadonlySet<PeerKey>): Outcome {
    const { swarm } = this
    const { forwards } = swarm
    const measures = swarm.measures()
    const aimed = victims === undefined ? measures.delivery : swarm.measures(victims).delivery
    swarm.network.run(SETTLE)
    return { ...measures, victims: aimed, forwards, restless: swarm.forwards - forwards, proofs: swarm.proofs.hostile }
  }
}
