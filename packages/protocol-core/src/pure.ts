/**
 * @packageDocumentation
 *
 * What codecs and engines may use: no IO, no clock, no global randomness.
 */
export { BoundedMap } from './bounded.ts'
export { ByteReader, ByteWriter, decodeTyped } from './bytes.ts'
export { checkRange, withDefaults } from './config.ts'
export { DecodeError, FrameTooLargeError, InvalidParametersError, SlowPeerError } from './errors.ts'
export { FoundPeers } from './found-peers.ts'
export { fixedPrefix, framed, FrameSplitter, varintPrefix } from './framing.ts'
export { fromUint32, sample, seededRandom, shuffle } from './random.ts'
export { SeenSet } from './seen-set.ts'
export * as Sha256 from './sha256.ts'
export { toBase64, toHex } from './text.ts'
export { Timers } from './timers.ts'
export type { Range } from './config.ts'
export type { Direction, Effect, Engine, Input, Millis, PeerKey, Random } from './engine.ts'
export type { FoundPeersInit } from './found-peers.ts'
export type { LengthPrefix } from './framing.ts'
export type { SeenSetInit } from './seen-set.ts'
