/**
 * @packageDocumentation
 *
 * What the protocol says: transmissions, signed messages, values, addresses. Nothing here touches a key or a socket.
 */
export { Compression, Opcode, Option } from './constants.ts'
export { addressOf, bytesOfKey, commonBits, compareDistance, distance } from './distance.ts'
export { toHex } from '@hearsay/protocol-core/pure'
export * as figures from './figures.ts'
export { decodeMessages, headerBytes, isKey, keyBytes, unsignedMessage } from './message.ts'
export { decodeValue, encodeValue } from './msgpack.ts'
export { changeKeyText, readAnswer, readChangeKey, readStore } from './payloads.ts'
export { compressSnappy, decompressSnappy } from './snappy.ts'
export {
  decodeTransmission,
  encodeTransmission,
  joinMessages,
  MAX_FRAME_BYTES,
  packMessages,
  transmissionPrefix
} from './transmission.ts'
export type { SignedMessage } from './message.ts'
export type { Value } from './msgpack.ts'
export type { Transmission } from './transmission.ts'
