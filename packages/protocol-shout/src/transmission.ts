/**
 * Transmissions: `reserved, 13 bits · compression, 3 bits · length u32 · body`, where the body is one or more messages,
 * compressed together.
 *
 * @see docs/specs/shout.md#wire
 */
import { DecodeError } from '@hearsay/protocol-core/pure'
import { MAX_TRANSMISSION_BYTES } from './constants.ts'
import type { LengthPrefix } from '@hearsay/protocol-core/pure'

export interface Transmission {
  /** 0 to 5. @see Compression */
  compression: number
  body: Uint8Array
}

export const HEADER_BYTES = 6
/** What of the header belongs to the frame: all but its first byte, which says nothing */
const IN_FRAME = HEADER_BYTES - 1
/** 6 and 7 are reserved */
const LAST_COMPRESSION = 5

/** Longest frame that `transmissionPrefix` cuts */
export const MAX_FRAME_BYTES: number = MAX_TRANSMISSION_BYTES + IN_FRAME

/** The first byte counts as prefix, the rest of the header as the frame's, which has to know the compression */
export const transmissionPrefix: LengthPrefix = {
  width: () => 1,
  write: (out, at) => void out.fill(0, at, at + 1),
  widthAt: (_bytes, at, end) => (end - at < HEADER_BYTES ? 0 : 1),
  payloadBytesAt: (bytes, at) =>
    IN_FRAME + bytes[at + 2]! * 2 ** 24 + (bytes[at + 3]! << 16) + (bytes[at + 4]! << 8) + bytes[at + 5]!
}

/** @param frame - behind the prefix. @throws {DecodeError} on a reserved compression, and without a body */
export function decodeTransmission(frame: Uint8Array): Transmission {
  const compression = frame[0]! & 7

  if (frame.byteLength <= IN_FRAME || compression > LAST_COMPRESSION) {
    throw new DecodeError(compression > LAST_COMPRESSION ? `compression ${compression}` : 'no message')
  }

  return { compression, body: frame.subarray(IN_FRAME) }
}

/** One transmission, with its header */
export function encodeTransmission({ compression, body }: Transmission): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.byteLength)
  writeHeader(bytes, 0, compression, body.byteLength)
  bytes.set(body, HEADER_BYTES)
  return bytes
}

/** Messages in one transmission, or in as many as their length needs, uncompressed */
export function packMessages(messages: readonly Uint8Array[]): Uint8Array {
  const groups = groupsOf(messages)
  const bytes = new Uint8Array(groups.reduce((sum, { length }) => sum + HEADER_BYTES + length, 0))
  let at = 0

  for (const { length, group } of groups) {
    writeHeader(bytes, at, 0, length)
    at += HEADER_BYTES

    for (const message of group) {
      bytes.set(message, at)
      at += message.byteLength
    }
  }

  return bytes
}

/** Messages, one behind the other */
export function joinMessages(messages: readonly Uint8Array[]): Uint8Array {
  const body = new Uint8Array(messages.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0

  for (const message of messages) {
    body.set(message, at)
    at += message.byteLength
  }

  return body
}

function groupsOf(messages: readonly Uint8Array[]): { length: number; group: Uint8Array[] }[] {
  const groups: { length: number; group: Uint8Array[] }[] = []

  for (const message of messages) {
    const last = groups.at(-1)

    if (last !== undefined && last.length + message.byteLength <= MAX_TRANSMISSION_BYTES) {
      last.length += message.byteLength
      last.group.push(message)
    } else {
      groups.push({ length: message.byteLength, group: [message] })
    }
  }

  return groups
}

function writeHeader(bytes: Uint8Array, at: number, compression: number, length: number): void {
  bytes[at + 1] = compression
  bytes[at + 2] = length >>> 24
  bytes[at + 3] = length >>> 16
  bytes[at + 4] = length >>> 8
  bytes[at + 5] = length
}
