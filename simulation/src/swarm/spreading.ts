import type { PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { EngineOf, Protocol } from '../network/network.ts'

export interface EngineInit {
  self: PeerKey
  random: Random
  /** Whom the node knows at its start */
  known: readonly PeerKey[]
}

export interface AskContext {
  /** Calls back when this node has found a proof of work; it searches for one at a time */
  solve: (found: () => void) => void
  /** What the application says of a payload */
  isValid: (payload: Uint8Array) => boolean
}

/** A protocol that spreads payloads, as experiments see it: ours, or one it is compared with. */
export interface Spreading<T extends Protocol> {
  readonly name: string
  /** Reasons to close a peer that blame it */
  readonly blames: ReadonlySet<string>
  createEngine(init: EngineInit): EngineOf<T>
  /** What a node is told when it joins */
  readonly joining: readonly T['command'][]
  publish(payload: Uint8Array): T['command']
  answer(ask: T['ask'], send: (answer: T['answer']) => void, context: AskContext): void
  target(peer: PeerKey | undefined, addresses: readonly string[]): PeerKey | undefined
  bytes(message: T['message']): number
  /** The payload that a message carries, if it carries one */
  payloadOf(message: T['message']): Uint8Array | undefined
  /** The same message with another payload: what an attacker races ahead of it */
  forge(message: T['message'], payload: Uint8Array): T['message'] | undefined
  /** The payload that an event hands to the application, if it is such an event */
  deliveredBy(event: T['event']): Uint8Array | undefined
  /** Who became a neighbour by this event, or is one no more */
  neighbourBy(event: T['event']): { peer: PeerKey; joined: boolean } | undefined
  /** Whom an event blames; peers closed for one of `blames` are blamed too */
  blamedBy(event: T['event']): PeerKey | undefined
}
