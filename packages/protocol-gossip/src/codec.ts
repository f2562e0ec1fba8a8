/**
 * The messages of `/hearsay/gossip/1.0.0`, types 504–510: `type:u16 body`, big-endian. The leading `size:u16` belongs to
 * framing and is already gone.
 *
 * @see docs/specs/gossip.md#wire
 */
import { ByteWriter, DecodeError, decodeTyped } from '@hearsay/protocol-core/pure'
import type { ByteReader } from '@hearsay/protocol-core/pure'

export const MessageType = {
  ANNOUNCE: 504,
  DISCOVERY: 505,
  OFFER: 506,
  INFO: 507,
  CHALLENGE: 508,
  VERIFICATION: 509,
  VALIDATION: 510
} as const

export interface Announce {
  type: 'announce'
  /** 64 bits chosen by the origin */
  id: bigint
  /** Hops left, 0–255: 1 ends at the receiver, 0 is unlimited */
  ttl: number
  /** The application's, 0–65535 */
  dataType: number
  /** At most 65,519 bytes */
  data: Uint8Array
}
/** "Which peers do you know?" */
export interface Discovery {
  type: 'discovery'
  /** In the midterm dialect: what the offer has to carry */
  challenge?: bigint
}
export interface Offer {
  type: 'offer'
  /** Multiaddrs that end in `/p2p/<peer id>` */
  addresses: string[]
  /** In the midterm dialect: that of the question, and what makes the hash of the whole packet a proof */
  challenge?: bigint
  nonce?: bigint
}
export interface Info {
  type: 'info'
  /** The TCP port the sender listens on, 0 if none */
  port: number
}
export interface Challenge {
  type: 'challenge'
  challenge: bigint
}
/** The answer to a challenge: VERIFICATION */
export interface Proof {
  type: 'proof'
  nonce: bigint
}
/** Whether the proof was right: VALIDATION */
export interface Verdict {
  type: 'verdict'
  valid: boolean
}
export type Message = Announce | Discovery | Offer | Info | Challenge | Proof | Verdict

const ANNOUNCE_HEADER_BYTES = 14
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function encode(message: Message): Uint8Array {
  switch (message.type) {
    case 'announce':
      return encodeAnnounce(message)
    case 'discovery':
      return frame(MessageType.DISCOVERY).done()
    case 'offer':
      return frame(MessageType.OFFER).bytes(encodeAddresses(message.addresses)).done()
    case 'info':
      return frame(MessageType.INFO).u16(0).u16(message.port).done()
    case 'challenge':
      return frame(MessageType.CHALLENGE).u64(message.challenge).done()
    case 'proof':
      return frame(MessageType.VERIFICATION).u64(message.nonce).done()
    case 'verdict':
      return frame(MessageType.VALIDATION)
        .u16(0)
        .u16(message.valid ? 1 : 0)
        .done()
  }
}

/** @throws {DecodeError} on an unknown type, a body of the wrong size, or text that is not UTF-8 */
export function decode(bytes: Uint8Array): Message {
  return decodeTyped(bytes, decodeBody)
}

function frame(type: number): ByteWriter {
  return new ByteWriter().u16(type)
}

function encodeAnnounce({ id, ttl, dataType, data }: Announce): Uint8Array {
  return new ByteWriter(ANNOUNCE_HEADER_BYTES + data.byteLength)
    .u16(MessageType.ANNOUNCE)
    .u64(id)
    .u8(ttl)
    .u8(0)
    .u16(dataType)
    .bytes(data)
    .done()
}

function decodeBody(type: number, reader: ByteReader): Message {
  switch (type) {
    case MessageType.ANNOUNCE: {
      const [id, ttl] = [reader.u64(), reader.u8()]
      reader.skip(1)
      return { type: 'announce', id, ttl, dataType: reader.u16(), data: reader.rest() }
    }
    case MessageType.DISCOVERY:
      return { type: 'discovery' }
    case MessageType.OFFER:
      return { type: 'offer', addresses: decodeAddresses(reader.rest()) }
    case MessageType.INFO:
      reader.skip(2)
      return { type: 'info', port: reader.u16() }
    case MessageType.CHALLENGE:
      return { type: 'challenge', challenge: reader.u64() }
    case MessageType.VERIFICATION:
      return { type: 'proof', nonce: reader.u64() }
    case MessageType.VALIDATION:
      reader.skip(2)
      return { type: 'verdict', valid: (reader.u16() & 1) === 1 }
    default:
      throw new DecodeError(`unknown message type ${type}`)
  }
}

/** UTF-8, joined by commas */
export function encodeAddresses(addresses: readonly string[]): Uint8Array {
  return encoder.encode(addresses.join(','))
}

/** @throws {DecodeError} when it is not UTF-8 */
export function decodeAddresses(bytes: Uint8Array): string[] {
  try {
    const text = decoder.decode(bytes)
    return text === '' ? [] : text.split(',')
  } catch (err) {
    throw new DecodeError('addresses that are not UTF-8', { cause: err })
  }
}
