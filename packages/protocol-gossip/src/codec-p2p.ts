/**
 * The messages of `/hearsay/gossip-p2p/1.0.0`: `type:u16 body`, big-endian, the numbers of the other dialect with other
 * meanings.
 *
 * @see docs/specs/gossip.md#wire
 */
import { ByteWriter, DecodeError, decodeTyped } from '@hearsay/protocol-core/pure'
import type { ByteReader } from '@hearsay/protocol-core/pure'
import type { Announce, Challenge, Proof, Verdict } from './codec.ts'

export const P2pMessageType = {
  INIT: 504,
  VERIFY: 505,
  OK: 506,
  ANNOUNCE: 507
} as const

/** A verdict is only ever a good one here; a bad proof is answered by closing. An id has 16 bits. */
export type P2pMessage = Announce | Challenge | Proof | Verdict

export function encodeP2p(message: P2pMessage): Uint8Array {
  switch (message.type) {
    case 'challenge':
      return frame(P2pMessageType.INIT).u64(message.challenge).done()
    case 'proof':
      return frame(P2pMessageType.VERIFY).u64(message.nonce).done()
    case 'verdict':
      return frame(P2pMessageType.OK).done()
    case 'announce': {
      const { id, dataType, ttl, data } = message
      const header = frame(P2pMessageType.ANNOUNCE)
        .u16(Number(id & 0xffffn))
        .u16(dataType)
      return header.u8(ttl).u8(0).u16(0).bytes(data).done()
    }
  }
}

/** @throws {DecodeError} on an unknown type or a body of the wrong size */
export function decodeP2p(bytes: Uint8Array): P2pMessage {
  return decodeTyped(bytes, decodeBody)
}

function frame(type: number): ByteWriter {
  return new ByteWriter().u16(type)
}

function decodeBody(type: number, reader: ByteReader): P2pMessage {
  switch (type) {
    case P2pMessageType.INIT:
      return { type: 'challenge', challenge: reader.u64() }
    case P2pMessageType.VERIFY:
      return { type: 'proof', nonce: reader.u64() }
    case P2pMessageType.OK:
      return { type: 'verdict', valid: true }
    case P2pMessageType.ANNOUNCE: {
      const [id, dataType, ttl] = [BigInt(reader.u16()), reader.u16(), reader.u8()]
      reader.skip(3)
      return { type: 'announce', id, ttl, dataType, data: reader.rest() }
    }
    default:
      throw new DecodeError(`unknown message type ${type}`)
  }
}
