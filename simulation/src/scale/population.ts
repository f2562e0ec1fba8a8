import type { Millis } from '@hearsay/protocol-core/pure'

export const protocols = ['gossip', 'shout', 'cup2py'] as const
export type ProtocolName = (typeof protocols)[number]

/** What a network of one size did */
export interface Spent {
  /** Deliveries over those that were possible */
  delivery: number
  p99Latency: Millis
  /** Bytes sent while it was measured, over the deliveries */
  bytesPerDelivery: number
}

/** A network that has found itself, and does what is measured. */
export interface Population {
  /** Messages so far */
  readonly messages: number
  readonly nodes: number
  spread(): Spent
}
