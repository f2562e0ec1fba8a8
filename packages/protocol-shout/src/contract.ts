/** What the engine is told, and what it says. Types only. */
import type { Effect, Input, PeerKey } from '@hearsay/protocol-core/pure'
import type { SignedMessage } from './message.ts'
import type { Value } from './msgpack.ts'
import type { NodeInfo } from './payloads.ts'
import type { Transmission } from './transmission.ts'

/** Names a call of the application until its `result` */
export type CallId = number

/** How a whisper travels. `auto` chooses by what is known */
export type WhisperMode = 'auto' | 'direct' | 'iterative' | 'recursive'

/** What an owner says about a value */
export interface StoreOptions {
  /** Default: one more than the last one of ours, or 1 */
  version?: number | undefined
  /** In seconds */
  ttl?: number | undefined
}

export type Command =
  /** Where others can dial us, once that is known, and when it changes */
  | { type: 'listening'; address: string | undefined }
  /** Tell everybody where we are, now */
  | { type: 'announce' }
  /** Open a stream to the node at this multiaddr */
  | { type: 'connect'; address: string }
  | { type: 'shout' | 'speak'; call: CallId; payload: Uint8Array }
  /** `to` is a key (DER) or an address */
  | { type: 'whisper'; call: CallId; to: Uint8Array; payload: Uint8Array; mode: WhisperMode; sealed: boolean }
  | { type: 'custom'; call: CallId; to: Uint8Array; payload: Uint8Array }
  /** Whether a handler is registered under this name */
  | { type: 'handle'; app: string; on: boolean }
  | { type: 'ping'; call: CallId; to: Uint8Array }
  | { type: 'findNode'; call: CallId; target: Uint8Array }
  | { type: 'store'; call: CallId; key: string | Uint8Array; value: Value; options: StoreOptions }
  /** `owner` true: those of all owners */
  | { type: 'findValue'; call: CallId; key: string | Uint8Array; owner: Uint8Array | true | undefined }
  | { type: 'changeKey'; call: CallId; next: Uint8Array; proof: Uint8Array }
  | { type: 'abort'; call: CallId }

/** A signature to be checked: PSS by `key` over `data` */
export interface SignatureCheck {
  key: Uint8Array
  data: Uint8Array
  signature: Uint8Array
}

export type Ask =
  /** Sealed to `to` first, if wished; then signed by the key of ours that `from` names */
  | {
      type: 'sign'
      ticket: number
      opcode: number
      from: Uint8Array
      to: Uint8Array
      payload: Uint8Array
      seal: boolean
    }
  | { type: 'verify'; ticket: number; checks: readonly SignatureCheck[] }
  | { type: 'inflate'; ticket: number; compression: number; body: Uint8Array }
  | { type: 'open'; ticket: number; message: SignedMessage }
  /** Whether the application wants this passed on */
  | { type: 'relay'; ticket: number; message: Heard }

export type Answer =
  /** No bytes: it could not be signed */
  | { type: 'signed'; ticket: number; bytes: Uint8Array | undefined }
  | { type: 'verified'; ticket: number; valid: readonly boolean[] }
  | { type: 'inflated'; ticket: number; body: Uint8Array | undefined }
  | { type: 'opened'; ticket: number; payload: Uint8Array | undefined }
  | { type: 'relay'; ticket: number; allowed: boolean }

/** What somebody said to all, or to us */
export interface Heard {
  kind: 'shout' | 'speak' | 'whisper'
  value: Value
  /** DER of who said it */
  from: Uint8Array
  /** Who handed it to us */
  peer: PeerKey
}

/** A value of the table, as a node that keeps it tells it */
export interface FoundValue {
  value: Value
  owner: Uint8Array
  version: number
  /** ms since 1970 */
  time: number
  /** Seconds left when it was told */
  ttl: number
}

/** How a call ended */
export type Result =
  | { type: 'done' }
  | { type: 'sent'; peers: number; signature: Uint8Array }
  | { type: 'nodes'; nodes: NodeInfo[] }
  | { type: 'values'; values: FoundValue[] }
  | { type: 'stored'; accepted: number; asked: number; version: number }
  | { type: 'refused'; accepted: number; asked: number; reason: string | undefined; version: number | undefined }
  | { type: 'failed'; reason: 'no route' | 'timeout' | 'busy' | 'no answer' | 'refused' }

export type Event =
  | { type: 'heard'; message: Heard }
  | { type: 'custom'; app: string; data: Value; from: Uint8Array; peer: PeerKey }
  | { type: 'result'; call: CallId; result: Result }
  /** A peer proved its key, or is gone */
  | { type: 'peer'; peer: PeerKey; key: Uint8Array; on: boolean }
  | { type: 'key-change' | 'key-conflict'; current: Uint8Array; next: Uint8Array }
  /** What may be sent to this peer compressed, from now on */
  | { type: 'compression'; peer: PeerKey; method: number }
  /** A signature digest to remember over restarts */
  | { type: 'seen'; digest: Uint32Array }

export type ShoutInput = Input<Transmission, Command, Answer>
export type ShoutEffect = Effect<Transmission, Event, Ask>

/** Why a peer is closed: counted, so these few and no others */
export type CloseReason =
  | 'malformed' // bytes that are no transmission, no message, no value, or a wrong signature
  | 'violation' // a message out of turn, or by a key that is not the peer's
  | 'subnet' // its subnet is another
  | 'late' // the handshake took too long
  | 'full' // there is no place for one more
  | 'idle' // it was visited, and is not needed any more
  | 'silent' // too many requests without an answer
