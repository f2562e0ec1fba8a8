import type { Millis, Random } from '@hearsay/protocol-core/pure'

export interface LinkConfig {
  /** One way, in ms: shortest and longest; each pair of nodes keeps one between them */
  latency: readonly [Millis, Millis]
  /** Up to this much more for a message, in ms. @default 0 */
  jitter?: number
  /** How often a message has to be sent again, 0 to 1: streams are reliable, so loss is delay. @default 0 */
  loss?: number
  /** What a node can send, in bytes a second. @default unlimited */
  bandwidth?: number
  /** A message is sent again after this, in ms, doubling. @default 200 */
  retransmit?: Millis
  /** Sent this often in vain, the session is lost. @default 8 */
  maxRetransmits?: number
}

const linkDefaults: Required<LinkConfig> = {
  latency: [10, 120],
  jitter: 0,
  loss: 0,
  bandwidth: Number.POSITIVE_INFINITY,
  retransmit: 200,
  maxRetransmits: 8
}

/** The end of a link as it counts here */
export interface LinkEnd {
  readonly index: number
  /** When it has sent what it was given so far */
  uplinkFreeAt: Millis
}

const FRACTION = 2 ** 32

/** How long messages take. Latencies are computed from the pair, not stored: 100,000 nodes have five billion pairs */
export class Links {
  private readonly config: Required<LinkConfig>
  private readonly random: Random
  private readonly salt: number

  constructor(config: LinkConfig, random: Random) {
    this.config = { ...linkDefaults, ...config }
    this.random = random
    this.salt = random.below(FRACTION)
  }

  /** One way and the same both ways, in ms */
  latency(a: LinkEnd, b: LinkEnd): Millis {
    const [shortest, longest] = this.config.latency
    const [low, high] = a.index < b.index ? [a.index, b.index] : [b.index, a.index]
    return shortest + (mix(mix(this.salt ^ low) + high) / FRACTION) * (longest - shortest)
  }

  /** When a message handed to the network now arrives; undefined when it never does, and its session is lost */
  arrival(from: LinkEnd, to: LinkEnd, bytes: number, now: Millis): Millis | undefined {
    const { bandwidth, jitter, loss } = this.config
    let sentAt = now

    if (bandwidth < Number.POSITIVE_INFINITY) {
      sentAt = Math.max(now, from.uplinkFreeAt) + (1_000 * bytes) / bandwidth
      from.uplinkFreeAt = sentAt
    }

    const late = jitter === 0 ? 0 : this.draw() * jitter
    const again = loss === 0 ? 0 : this.retransmission()
    return again === undefined ? undefined : sentAt + this.latency(from, to) + late + again
  }

  /** The delay by losses in a row */
  private retransmission(): Millis | undefined {
    const { loss, retransmit, maxRetransmits } = this.config
    let delay = 0

    for (let i = 0; this.draw() < loss; i++) {
      if (i === maxRetransmits) {
        return undefined
      }

      delay += retransmit * 2 ** i
    }

    return delay
  }

  private draw(): number {
    return this.random.below(FRACTION) / FRACTION
  }
}

/** A uniform 32-bit hash of a 32-bit number */
function mix(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad)
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97)
  return (h ^ (h >>> 15)) >>> 0
}
