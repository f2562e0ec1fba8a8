/**
 * The keys of records in kad-dht: `/hearsay/<key>`, and `/hearsay-owned/<sha256 of the owner>/<key>`, all in base32.
 *
 * @see docs/specs/dht.md#keys
 */
import { DecodeError } from '@hearsay/protocol-core/pure'
import { fromBase32, toBase32 } from './base32.ts'

export const PLAIN = 'hearsay'
export const OWNED = 'hearsay-owned'

/** Of keys, and of SHA-256 digests */
export const KEY_BYTES = 32

/** A record key, taken apart */
export interface RecordKey {
  /** As it is, which is unique */
  text: string
  /** What the application calls the value: 32 bytes */
  key: Uint8Array
  /** SHA-256 of the only owner whose values are taken; absent for a plain key */
  owner?: Uint8Array
}

export function plainKey(key: Uint8Array): Uint8Array {
  return new TextEncoder().encode(`/${PLAIN}/${toBase32(key)}`)
}

/** @param ownerDigest - SHA-256 of the owner's public key in its protobuf form */
export function ownedKey(ownerDigest: Uint8Array, key: Uint8Array): Uint8Array {
  return new TextEncoder().encode(`/${OWNED}/${toBase32(ownerDigest)}/${toBase32(key)}`)
}

/** @throws {DecodeError} when it is neither kind of key */
export function parseRecordKey(bytes: Uint8Array): RecordKey {
  const text = new TextDecoder().decode(bytes)
  const [root, namespace, first = '', second, ...more] = text.split('/')

  if (root === '' && namespace === PLAIN && second === undefined) {
    return { text, key: part(first) }
  } else if (root === '' && namespace === OWNED && second !== undefined && more.length === 0) {
    return { text, key: part(second), owner: part(first) }
  }

  throw new DecodeError(`the record key is neither /${PLAIN}/<key> nor /${OWNED}/<owner>/<key>`)
}

function part(text: string): Uint8Array {
  const bytes = fromBase32(text)

  if (bytes?.byteLength !== KEY_BYTES) {
    throw new DecodeError(`a part of the record key is not ${KEY_BYTES} bytes in base32`)
  }

  return bytes
}
