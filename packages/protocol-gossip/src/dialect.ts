import type { PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { Announce, Discovery, Message, Offer } from './codec.ts'
import type { DialectName, GossipEffect } from './contract.ts'

/**
 * What one dialect does its own way. The engine asks its peer's dialect, and knows none by name.
 *
 * @see docs/specs/gossip.md#wire
 */
export interface Dialect {
  readonly name: DialectName
  /** The protocol id that stands for it */
  readonly protocol: string
  /** Whether a peer proves work before it may say more. One that need not never counts as verified */
  readonly gated: boolean
  /** A frame without its size */
  encode(message: Message): Uint8Array
  /** @throws {DecodeError} and nothing else */
  decode(frame: Uint8Array): Message
  /** What a peer we dialled is told first; `port` is the one we listen on, 0 if none */
  greet(port: number): Message[]
  /** What is said to a proof */
  judge(valid: boolean): Message[]
  /** A question for peers; undefined where there is no such thing */
  ask(random: Random): Discovery | undefined
  /** Whether this offer is an answer to our question */
  answers(question: Discovery, offer: Offer): boolean
  /** How a question is answered with addresses: by sending them, or by working first */
  offer(peer: PeerKey, question: Discovery, addresses: string[]): GossipEffect
  /** The id an announce has when it comes back from peers of this dialect */
  idAfter(announce: Announce): bigint
}
