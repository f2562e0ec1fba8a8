/**
 * Where a user is, in its own signed words.
 *
 * @see docs/specs/cup2py.md#user-record
 */
import { Sha256 } from '@hearsay/protocol-core/pure'
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

export function isUserHash(text: string): boolean {
  return HASH.test(text)
}

/** @param publicKey - PKCS#1 PEM */
export function userHash(publicKey: string): string {
  return Array.from(Sha256.digest(encoder.encode(publicKey)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The four fields every request carries */
export function recordText({ publicKey, address, date, signature }: UserRecord): string {
  return `${publicKey};${address};${date};${signature}`
}

export function versionOf(record: UserRecord): Version {
  const digest = Sha256.digest(encoder.encode(recordText(record)))
  return { date: record.date, rank: digest.subarray(0, 6).reduce((rank, byte) => rank * 256 + byte, 0) }
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
  const at = address.lastIndexOf('/p2p/')
  const peer = address.slice(at + '/p2p/'.length)
  return at >= 0 && address.startsWith('/') && PEER_ID.test(peer) ? (peer as PeerKey) : undefined
}

/** Base58 or base36, as peer ids are written; libp2p parses it before it dials */
const PEER_ID = /^[A-Za-z0-9-]{1,128}$/
