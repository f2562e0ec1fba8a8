import { DecodeError, toHex } from '@hearsay/protocol-core/pure'
import { decodeEnvelope, MAX_PAYLOAD_BYTES } from './envelope.ts'
import { parseRecordKey } from './record-key.ts'
import type { Envelope } from './envelope.ts'
import type { RecordKey } from './record-key.ts'

/** A record as it came, with what the rules compare. Its signature may not have been checked yet. */
export interface Sealed {
  recordKey: RecordKey
  envelope: Envelope
  /** The owner's public key in hexadecimal digits, which compare as its bytes do */
  owner: string
  /** SHA-256 of the envelope in hexadecimal digits */
  digest: string
}

/** Hashing, in hexadecimal digits, which the rules leave to whoever uses them */
export type Digest = (bytes: Uint8Array) => string

/** @throws {DecodeError} when key or envelope are malformed, or do not belong together */
export function unseal(key: Uint8Array, value: Uint8Array, sha256: Digest): Sealed {
  const recordKey = parseRecordKey(key)
  const envelope = decodeEnvelope(value)

  if (recordKey.owner !== undefined && toHex(recordKey.owner) !== sha256(envelope.owner)) {
    throw new DecodeError('the key belongs to another owner')
  }

  return { recordKey, envelope, owner: toHex(envelope.owner), digest: sha256(value) }
}

/** Payloads that an envelope holds */
export function isPayload(bytes: Uint8Array): boolean {
  return bytes.byteLength >= 1 && bytes.byteLength <= MAX_PAYLOAD_BYTES
}
