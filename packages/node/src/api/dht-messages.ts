/**
 * The DHT API's messages 650–653 as `type:u16 body`, big-endian; the leading `size:u16` belongs to framing.
 *
 * @see docs/specs/dht.md#api
 */
import { ByteWriter, DecodeError, decodeTyped } from '@hearsay/protocol-core/pure'
import type { ByteReader } from '@hearsay/protocol-core/pure'

export const DhtMessageType = {
  PUT: 650,
  GET: 651,
  SUCCESS: 652,
  FAILURE: 653
} as const

const KEY_BYTES = 32

export interface DhtPut {
  type: 'put'
  /** In s; 0 is the node's default */
  ttl: number
  /** Copies; 0 is the node's default */
  replication: number
  key: Uint8Array
  value: Uint8Array
}
export interface DhtGet {
  type: 'get'
  key: Uint8Array
}
export interface DhtSuccess {
  type: 'success'
  key: Uint8Array
  value: Uint8Array
}
export interface DhtFailure {
  type: 'failure'
  key: Uint8Array
}
/** What a client says */
export type DhtRequest = DhtPut | DhtGet
/** What it is told */
export type DhtAnswer = DhtSuccess | DhtFailure
export type DhtMessage = DhtRequest | DhtAnswer

export function encodeDht(message: DhtMessage): Uint8Array {
  switch (message.type) {
    case 'put':
      return frame(DhtMessageType.PUT, message.value.byteLength)
        .u16(message.ttl)
        .u8(message.replication)
        .u8(0)
        .bytes(message.key)
        .bytes(message.value)
        .done()
    case 'get':
      return frame(DhtMessageType.GET).bytes(message.key).done()
    case 'success':
      return frame(DhtMessageType.SUCCESS, message.value.byteLength).bytes(message.key).bytes(message.value).done()
    case 'failure':
      return frame(DhtMessageType.FAILURE).bytes(message.key).done()
  }
}

/** @throws {DecodeError} on a type that is not of this API, a body of the wrong size, or a value of no bytes */
export function decodeDht(bytes: Uint8Array): DhtMessage {
  return decodeTyped(bytes, decodeBody)
}

/** @throws {DecodeError} also on what is for nodes to send */
export function decodeDhtRequest(bytes: Uint8Array): DhtRequest {
  const message = decodeDht(bytes)

  if (message.type === 'success' || message.type === 'failure') {
    throw new DecodeError(`${message.type.toUpperCase()} is for nodes to send`)
  }

  return message
}

function frame(type: number, valueBytes = 0): ByteWriter {
  return new ByteWriter(2 + 4 + KEY_BYTES + valueBytes).u16(type)
}

function decodeBody(type: number, reader: ByteReader): DhtMessage {
  switch (type) {
    case DhtMessageType.PUT: {
      const [ttl, replication] = [reader.u16(), reader.u8()]
      reader.skip(1)
      return { type: 'put', ttl, replication, key: reader.bytes(KEY_BYTES), value: readValue(reader) }
    }
    case DhtMessageType.GET:
      return { type: 'get', key: reader.bytes(KEY_BYTES) }
    case DhtMessageType.SUCCESS:
      return { type: 'success', key: reader.bytes(KEY_BYTES), value: readValue(reader) }
    case DhtMessageType.FAILURE:
      return { type: 'failure', key: reader.bytes(KEY_BYTES) }
    default:
      throw new DecodeError(`unknown message type ${type}`)
  }
}

function readValue(reader: ByteReader): Uint8Array {
  if (reader.remaining === 0) {
    throw new DecodeError('a value of no bytes')
  }

  return reader.rest()
}
