/**
 * What kad-dht stores for us: a value with its lifetime, its place in the owner's sequence and the owner's signature, as
 * a protobuf message. Decoding takes the one form that encoding writes: each field once, in order, no other.
 *
 * @see docs/specs/dht.md#envelope
 */
import { ByteReader, ByteWriter, DecodeError } from '@hearsay/protocol-core/pure'

export const VERSION = 1
/** A PUT of 65,535 bytes less its header and fields */
export const MAX_PAYLOAD_BYTES = 65_495
export const MAX_ENVELOPE_BYTES = 68 * 1_024
/** An RSA key of 4,096 bits takes 554 */
export const MAX_OWNER_BYTES = 600
export const MAX_SIGNATURE_BYTES = 512

/** All that the signature covers, together with the record key */
export interface Content {
  /** In ms since 1970, on the owner's clock */
  issuedAt: number
  /** In ms since 1970; from then on it is nowhere */
  expiresAt: number
  /** Rises with each value of the owner for the key */
  sequence: number
  /** Copies wanted */
  replication: number
  /** The owner's public key, in libp2p's protobuf form */
  owner: Uint8Array
  /** 1–65,495 bytes */
  payload: Uint8Array
}

export interface Envelope extends Content {
  signature: Uint8Array
}

/** Wire types of protobuf */
const VARINT = 0
const BYTES = 2
const MAX_VARINT_BYTES = 8
const SIGNED_BY = 'hearsay-dht-1'

/** What the owner signs: a name for the purpose, the record key, and all fields but the signature */
export function signedBytes(recordKey: Uint8Array, content: Content): Uint8Array {
  const writer = new ByteWriter(content.payload.byteLength + 1_024)
  writer.bytes(new TextEncoder().encode(SIGNED_BY)).u16(recordKey.byteLength).bytes(recordKey)
  return writeContent(writer, content).done()
}

export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const writer = writeContent(new ByteWriter(envelope.payload.byteLength + 1_024), envelope)
  return bytesField(writer, 8, envelope.signature).done()
}

/** @throws {DecodeError} on anything that `encodeEnvelope` does not write */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.byteLength > MAX_ENVELOPE_BYTES) {
    throw new DecodeError(`an envelope of ${bytes.byteLength} bytes, at most ${MAX_ENVELOPE_BYTES} are allowed`)
  }

  const reader = new ByteReader(bytes)
  const version = readNumber(reader, 1)

  if (version !== VERSION) {
    throw new DecodeError(`an envelope of version ${version}, known is ${VERSION}`)
  }

  const envelope = {
    issuedAt: readNumber(reader, 2),
    expiresAt: readNumber(reader, 3),
    sequence: readNumber(reader, 4),
    replication: readNumber(reader, 5),
    owner: readBytes(reader, 6, MAX_OWNER_BYTES),
    payload: readBytes(reader, 7, MAX_PAYLOAD_BYTES),
    signature: readBytes(reader, 8, MAX_SIGNATURE_BYTES)
  }
  reader.end()
  return envelope
}

function writeContent(writer: ByteWriter, content: Content): ByteWriter {
  numberField(writer, 1, VERSION)
  numberField(writer, 2, content.issuedAt)
  numberField(writer, 3, content.expiresAt)
  numberField(writer, 4, content.sequence)
  numberField(writer, 5, content.replication)
  bytesField(writer, 6, content.owner)
  return bytesField(writer, 7, content.payload)
}

function numberField(writer: ByteWriter, field: number, value: number): ByteWriter {
  return writeVarint(writer.u8((field << 3) | VARINT), value)
}

function bytesField(writer: ByteWriter, field: number, value: Uint8Array): ByteWriter {
  return writeVarint(writer.u8((field << 3) | BYTES), value.byteLength).bytes(value)
}

function writeVarint(writer: ByteWriter, value: number): ByteWriter {
  let rest = value

  for (; rest >= 128; rest = Math.floor(rest / 128)) {
    writer.u8((rest % 128) | 128)
  }

  return writer.u8(rest)
}

function readNumber(reader: ByteReader, field: number): number {
  expectTag(reader, (field << 3) | VARINT, field)
  return readVarint(reader)
}

function readBytes(reader: ByteReader, field: number, max: number): Uint8Array {
  expectTag(reader, (field << 3) | BYTES, field)
  const length = readVarint(reader)

  if (length === 0 || length > max) {
    throw new DecodeError(`field ${field} of the envelope has ${length} bytes, and must have 1 to ${max}`)
  }

  return reader.bytes(length)
}

function expectTag(reader: ByteReader, tag: number, field: number): void {
  if (reader.u8() !== tag) {
    throw new DecodeError(`field ${field} of the envelope is missing, out of order or of another type`)
  }
}

function readVarint(reader: ByteReader): number {
  let value = 0

  for (let i = 0, factor = 1; i < MAX_VARINT_BYTES; i++, factor *= 128) {
    const byte = reader.u8()
    value += (byte & 127) * factor

    if (byte < 128) {
      if ((byte === 0 && i > 0) || !Number.isSafeInteger(value)) {
        break
      }

      return value
    }
  }

  throw new DecodeError('a number in the envelope is longer than needed, or too large')
}
