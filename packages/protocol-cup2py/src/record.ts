/**
 * Where a user is, in its own signed words.
 *
 * @see docs/specs/cup2py.md#user-record
 */
import { Sha256, toHex } from '@hearsay/protocol-core/pure'
import { MAX_DIALLED_LENGTH } from './constants.ts'
import { parseDate } from './date.ts'
import { reprDate, reprText } from './python-text.ts'
import type { PeerKey } from '@hearsay/protocol-core/pure'

export interface UserRecord {
  /** User hash: lower-case hexadecimal SHA-256 of `publicKey` */
  readonly hash: string
  /** PKCS#1 PEM: 64 columns, LF, also at its end */
  readonly publicKey: string
  /** Any text without `;`; where it can be dialled, a multiaddr that ends in `/p2p/<peer id>` */
  readonly address: string
  /** UTC, `2023-04-27 22:25:19.167142`; texts sort as dates do */
  readonly date: string
  /** RSASSA-PKCS1-v1_5 with SHA-256 of `signedText`, in base64 */
  readonly signature: string
}

/** What makes one of two records of a user the newer one */
export interface Version {
  readonly date: string
  /** The first 48 bits of the SHA-256 of the record's text */
  readonly rank: number
}

const HASH = /^[0-9a-f]{64}$/
const encoder = new TextEncoder()
/** What is hashed, in UTF-8: reused, as requests come by the thousand */
const scratch = new Uint8Array(16_384)

export function isUserHash(text: string): boolean {
  return HASH.test(text)
}

/** @param publicKey - PKCS#1 PEM */
export function userHash(publicKey: string): string {
  return toHex(digest(publicKey))
}

/** The four fields every request carries */
export function recordText({ publicKey, address, date, signature }: UserRecord): string {
  return `${publicKey};${address};${date};${signature}`
}

export function versionOf(record: UserRecord): Version {
  if (record !== lastRecord) {
    const [a, b, c, d, e, f] = digest(recordText(record)) as unknown as [number, number, number, number, number, number]
    lastVersion = { date: record.date, rank: ((a * 256 + b) * 256 + c) * 2 ** 24 + (d * 256 + e) * 256 + f }
    lastRecord = record
  }

  return lastVersion
}

// a request's rules ask for the version of one record several times
let lastRecord: UserRecord | undefined
let lastVersion: Version = { date: '', rank: 0 }

function digest(text: string): Uint8Array {
  const isShort = text.length * 3 <= scratch.byteLength
  return Sha256.digest(isShort ? scratch.subarray(0, encoder.encodeInto(text, scratch).written) : encoder.encode(text))
}

/** The later date wins; of equal dates the lowest hash, so that all agree on one */
export function isNewer(version: Version, than: Version | undefined): boolean {
  return than === undefined || version.date > than.date || (version.date === than.date && version.rank < than.rank)
}

/**
 * What a record's signature is over: what Python prints for the tuple of key, address and date.
 *
 * @param key - `PublicKey(<modulus>, <exponent>)` in decimal
 * @throws {RangeError} on a date that is none
 */
export function signedText(key: string, address: string, date: string): string {
  const parts = parseDate(date)

  if (parts === undefined) {
    throw new RangeError(`${date} is no date of the form 2023-04-27 22:25:19.167142`)
  }

  return `(${key}, ${reprText(address)}, ${reprDate(parts)})`
}

/** The peer whose address it is; undefined for one that cannot be dialled */
export function peerOf(address: string): PeerKey | undefined {
  const match = address.length <= MAX_DIALLED_LENGTH ? DIALLED.exec(address) : null
  return match === null ? undefined : (match[1] as PeerKey)
}

/** It may be logged, so it is short and plain; its end is base58 or base36. libp2p parses it before it dials */
const DIALLED = /^\/(?:[!-~]*\/)?p2p\/([A-Za-z0-9-]{1,128})$/
