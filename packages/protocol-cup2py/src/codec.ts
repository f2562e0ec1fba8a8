/**
 * @packageDocumentation
 *
 * The requests of `/hearsay/cup2py/1.0.0`, in UTF-8, one a frame:
 * `UPDATE;<pem>;<address>;<date>;<signature>;<depth>;[h1,h2,…]` and
 * `SEARCH;<searched hash>;<pem>;<address>;<date>;<signature>;<depth>;[h1,…]`.
 *
 * @see docs/specs/cup2py.md#requests
 */
import { DecodeError } from '@hearsay/protocol-core/pure'
import { MAX_ADDRESS_LENGTH, MAX_CHECKED, MAX_DEPTH } from './constants.ts'
import { parseDate } from './date.ts'
import { isUserHash, recordText, userHash } from './record.ts'
import type { UserRecord } from './record.ts'

export { dateMillis, formatDate, parseDate } from './date.ts'
export { isNewer, isUserHash, peerOf, recordText, signedText, userHash, versionOf } from './record.ts'
export type { DateParts } from './date.ts'
export type { UserRecord, Version } from './record.ts'

export interface Update {
  type: 'update'
  record: UserRecord
  /** Hops left, 0–16: 0 ends at the receiver */
  depth: number
  /** User hashes it was already sent to, at most 900 */
  checked: readonly string[]
}
export interface Search {
  type: 'search'
  /** User hash */
  target: string
  /** Who searches */
  sender: UserRecord
  /** Hops left, 0–16: 0 is not looked at */
  depth: number
  checked: readonly string[]
}
export type Message = Update | Search

const PEM =
  /^-----BEGIN RSA PUBLIC KEY-----\n(?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{1,64}={0,2}\n-----END RSA PUBLIC KEY-----\n$/
/** A key of 16,384 bits, the longest anywhere, has 2,870 */
const MAX_PEM_LENGTH = 3_000
/** Without stray bits at the end, which would make several texts of one signature, and several records of one */
const SIGNATURE = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/
/** Of 16,384 bits */
const MAX_SIGNATURE_LENGTH = 2_732
const DEPTH = /^(?:0|[1-9]\d?)$/
/** A hash and its comma */
const ENTRY_LENGTH = 65

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function encode(message: Message): Uint8Array {
  return encoder.encode(encodeText(message))
}

/** The request as text, as it also stands in the DHT */
export function encodeText(message: Message): string {
  const { depth, checked } = message
  const head = message.type === 'update' ? 'UPDATE' : `SEARCH;${message.target}`
  const record = message.type === 'update' ? message.record : message.sender
  return `${head};${recordText(record)};${depth};[${checked.join(',')}]`
}

/** @throws {DecodeError} on anything that is not exactly a request */
export function decode(frame: Uint8Array): Message {
  return decodeText(decodeUtf8(frame))
}

/** @throws {DecodeError} when it is not UTF-8 */
export function decodeUtf8(frame: Uint8Array): string {
  try {
    return decoder.decode(frame)
  } catch (err) {
    throw new DecodeError('a request that is not UTF-8', { cause: err })
  }
}

/** @throws {DecodeError} on anything that is not exactly a request */
export function decodeText(text: string): Message {
  const [type, ...fields] = text.split(';', 9)

  if (type === 'UPDATE' && fields.length === 6) {
    const [, , , , depth, checked] = fields as [string, string, string, string, string, string]
    return { type: 'update', record: decodeRecord(fields), depth: decodeDepth(depth), checked: decodeChecked(checked) }
  } else if (type === 'SEARCH' && fields.length === 7) {
    const [target, , , , , depth, checked] = fields as [string, string, string, string, string, string, string]
    const sender = decodeRecord(fields.slice(1))
    return {
      type: 'search',
      target: decodeHash(target),
      sender,
      depth: decodeDepth(depth),
      checked: decodeChecked(checked)
    }
  }

  throw new DecodeError('neither an UPDATE of 7 fields nor a SEARCH of 8')
}

/** @param fields - key, address, date and signature, and what may follow them */
function decodeRecord(fields: readonly string[]): UserRecord {
  const [publicKey, address, date, signature] = fields as [string, string, string, string]

  if (publicKey.length > MAX_PEM_LENGTH || !PEM.test(publicKey)) {
    throw new DecodeError('a public key that is no PKCS#1 PEM in its one form')
  } else if (address.length > MAX_ADDRESS_LENGTH) {
    throw new DecodeError(`an address of ${address.length} characters, at most ${MAX_ADDRESS_LENGTH} are allowed`)
  } else if (parseDate(date) === undefined) {
    throw new DecodeError('a date that is none')
  } else if (signature === '' || signature.length > MAX_SIGNATURE_LENGTH || !SIGNATURE.test(signature)) {
    throw new DecodeError('a signature that is no base64')
  }

  return { hash: userHash(publicKey), publicKey, address, date, signature }
}

function decodeHash(text: string): string {
  if (!isUserHash(text)) {
    throw new DecodeError('a user hash that is not 64 hexadecimal digits')
  }

  return text
}

function decodeDepth(text: string): number {
  const depth = DEPTH.test(text) ? Number(text) : Infinity

  if (depth > MAX_DEPTH) {
    throw new DecodeError(`a depth that is no integer from 0 to ${MAX_DEPTH}`)
  }

  return depth
}

function decodeChecked(text: string): string[] {
  if (!text.startsWith('[') || !text.endsWith(']') || text.length > MAX_CHECKED * ENTRY_LENGTH + 1) {
    throw new DecodeError(`a list that has no brackets, or more than ${MAX_CHECKED} entries`)
  }

  return text.length === 2 ? [] : text.slice(1, -1).split(',').map(decodeHash)
}
