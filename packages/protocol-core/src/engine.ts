/**
 * The engine contract: a protocol's rules as a pure state machine. Types only.
 *
 * @see docs/ARCHITECTURE.md
 */

/** A peer as engines see it: the text of its libp2p peer id, usable as a map key. */
export type PeerKey = string & { readonly brand: 'PeerKey' }

/** Milliseconds on a monotonic clock. Only differences carry meaning. */
export type Millis = number

/** Who opened a stream: `outbound` is ours, `inbound` the remote's. */
export type Direction = 'inbound' | 'outbound'

/** What can happen to an engine. `Command` and `Answer` are the protocol's own. */
export type Input<Message, Command, Answer> =
  | {
      type: 'connected'
      peer: PeerKey
      direction: Direction
      /** The protocol id that was negotiated */
      protocol: string
      /** The peer's address group: its /24 or /56 */
      group: string
    }
  | { type: 'disconnected'; peer: PeerKey }
  | { type: 'message'; peer: PeerKey; message: Message }
  /** Bytes that are no message. Nothing more is read from this peer: the engine answers with `close`. */
  | { type: 'malformed'; peer: PeerKey }
  /** How a `dial` ended: exactly one for each, after `connected` if it made a session. No peer means it failed. */
  | { type: 'dialled'; dial: string; peer?: PeerKey }
  /** A connected peer speaks our protocol; `direction` is the connection's. */
  | { type: 'found'; peer: PeerKey; direction: Direction }
  | { type: 'timer'; key: string }
  | { type: 'answer'; answer: Answer }
  | { type: 'command'; command: Command }

/** What an engine wants done, in order. It never does anything itself. */
export type Effect<Message, Event, Ask> =
  /** Best effort, unless `urgent`: then it goes first, and the session ends rather than drop it. */
  | { type: 'send'; peer: PeerKey; message: Message; urgent?: true }
  /**
   * Ends in `dialled` with the same `dial`. No addresses: those libp2p knows for the peer; `connected`: only over a
   * connection there is.
   */
  | { type: 'dial'; dial: string; peer?: PeerKey; addresses: readonly string[]; connected?: true }
  /** Ends in `disconnected`. `reason` is one of a fixed few, and counted. */
  | { type: 'close'; peer: PeerKey; reason: string }
  /** Replaces a timer of the same key */
  | { type: 'arm'; key: string; at: Millis }
  | { type: 'disarm'; key: string }
  /**
   * Slow or foreign work; comes back as an `answer`. With a `key` it can be cancelled. `peer`: whose message it is
   * about, when that is not the input; while many are open, this peer is read no further.
   */
  | { type: 'ask'; ask: Ask; key?: string; peer?: PeerKey }
  /** Abort the ask of this key; its answer never comes */
  | { type: 'cancel'; key: string }
  | { type: 'emit'; event: Event }

export interface Engine<I, E> {
  /**
   * Advance by one input. Synchronous, total (never throws on remote data) and deterministic: the same inputs, times
   * and random seed give the same effects.
   *
   * @param now - monotonic, in ms; never less than in an earlier call
   */
  handle(input: I, now: Millis): E[]
}

/** Uniform randomness. Seeded in tests and simulation, the system's in a node. */
export interface Random {
  /** An integer in [0, bound); bound is 1 to 2^32 */
  below(bound: number): number
  /** An integer in [0, 2^64) */
  uint64(): bigint
}
