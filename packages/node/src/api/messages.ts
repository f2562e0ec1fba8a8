/**
 * The module API's messages 500–503 as `type:u16 body`, big-endian; the leading `size:u16` belongs to framing.
 *
 * @see docs/specs/gossip.md#api
 */
import { ByteWriter, DecodeError, decodeTyped } from '@hearsay/protocol-core/pure'
import type { ByteReader } from '@hearsay/protocol-core/pure'

export const ApiMessageType = {
  ANNOUNCE: 500,
  NOTIFY: 501,
  NOTIFICATION: 502,
  VALIDATION: 503
} as const

export interface ApiAnnounce {
  type: 'announce'
  /** 0–255; 0 is unlimited */
  ttl: number
  dataType: number
  data: Uint8Array
}
/** Subscribe */
export interface ApiNotify {
  type: 'notify'
  dataType: number
}
export interface ApiNotification {
  type: 'notification'
  messageId: number
  dataType: number
  data: Uint8Array
}
export interface ApiValidation {
  type: 'validation'
  messageId: number
  valid: boolean
}
/** What a client says */
export type ApiRequest = ApiAnnounce | ApiNotify | ApiValidation
export type ApiMessage = ApiRequest | ApiNotification

export function encodeApi(message: ApiMessage): Uint8Array {
  switch (message.type) {
    case 'announce':
      return frame(ApiMessageType.ANNOUNCE).u8(message.ttl).u8(0).u16(message.dataType).bytes(message.data).done()
    case 'notify':
      return frame(ApiMessageType.NOTIFY).u16(0).u16(message.dataType).done()
    case 'notification':
      return frame(ApiMessageType.NOTIFICATION).u16(message.messageId).u16(message.dataType).bytes(message.data).done()
    case 'validation':
      return frame(ApiMessageType.VALIDATION)
        .u16(message.messageId)
        .u16(message.valid ? 1 : 0)
        .done()
  }
}

/** @throws {DecodeError} on a type that is not of this API, or a body of the wrong size */
export function decodeApi(bytes: Uint8Array): ApiMessage {
  return decodeTyped(bytes, decodeBody)
}

function frame(type: number): ByteWriter {
  return new ByteWriter().u16(type)
}

function decodeBody(type: number, reader: ByteReader): ApiMessage {
  switch (type) {
    case ApiMessageType.ANNOUNCE: {
      const ttl = reader.u8()
      reader.skip(1)
      return { type: 'announce', ttl, dataType: reader.u16(), data: reader.rest() }
    }
    case ApiMessageType.NOTIFY:
      reader.skip(2)
      return { type: 'notify', dataType: reader.u16() }
    case ApiMessageType.NOTIFICATION:
      return { type: 'notification', messageId: reader.u16(), dataType: reader.u16(), data: reader.rest() }
    case ApiMessageType.VALIDATION:
      return { type: 'validation', messageId: reader.u16(), valid: (reader.u16() & 1) === 1 }
    default:
      throw new DecodeError(`unknown message type ${type}`)
  }
}
