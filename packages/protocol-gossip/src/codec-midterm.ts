/**
 * The messages of `/hearsay/gossip-midterm/1.0.0`, as the midterm text of the first dialect has them: no gate, but each
 * question carries a challenge and each OFFER a proof of work over itself.
 *
 * @see docs/specs/gossip.md#wire
 */
import { ByteReader, ByteWriter, DecodeError } from '@hearsay/protocol-core/pure'
import { decode, decodeAddresses, encode, encodeAddresses, MessageType } from './codec.ts'
import type { Announce, Discovery, Info, Offer } from './codec.ts'

export type MidtermDiscovery = Required<Discovery>
export type MidtermOffer = Required<Offer>
export type MidtermMessage = Announce | Info | MidtermDiscovery | MidtermOffer

export function encodeMidterm(message: MidtermMessage): Uint8Array {
  switch (message.type) {
    case 'discovery':
      return new ByteWriter().u16(MessageType.DISCOVERY).u64(message.challenge).done()
    case 'offer': {
      const { challenge, nonce, addresses } = message
      const header = new ByteWriter().u16(MessageType.OFFER).u64(challenge).u64(nonce)
      return header.bytes(encodeAddresses(addresses)).done()
    }
    default:
      return encode(message)
  }
}

/** @throws {DecodeError} on an unknown type, a body of the wrong size, or text that is not UTF-8 */
export function decodeMidterm(bytes: Uint8Array): MidtermMessage {
  const reader = new ByteReader(bytes)

  switch (reader.u16()) {
    case MessageType.DISCOVERY: {
      const challenge = reader.u64()
      reader.end()
      return { type: 'discovery', challenge }
    }
    case MessageType.OFFER:
      return {
        type: 'offer',
        challenge: reader.u64(),
        nonce: reader.u64(),
        addresses: decodeAddresses(reader.rest())
      }
    default:
      return decodeShared(bytes)
  }
}

/** ANNOUNCE and INFO are those of the finished dialect */
function decodeShared(bytes: Uint8Array): Announce | Info {
  const message = decode(bytes)

  if (message.type !== 'announce' && message.type !== 'info') {
    throw new DecodeError(`message type of another dialect: ${message.type}`)
  }

  return message
}
