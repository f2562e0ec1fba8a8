/**
 * @packageDocumentation
 *
 * The published Python library's own reading of requests, and what its handler does with them: for those who exchange
 * records with it by other ways than a network. The service's network never runs this handler, which answers to
 * whatever address a request names.
 *
 * @see docs/specs/cup2py.md#library-profile
 */
import { RsaPublicKey } from '@hearsay/protocol-core'
import { DecodeError } from '@hearsay/protocol-core/pure'
import { decodeText, decodeUtf8, encodeText } from './codec.ts'
import { MAX_CHECKED, MAX_DEPTH } from './constants.ts'
import { exists, formatDate } from './date.ts'
import { isUserHash, recordText, userHash } from './record.ts'
import { RecordVerifier } from './verifier.ts'
import type { RsaLimits } from '@hearsay/protocol-core'
import type { Message } from './codec.ts'
import type { UserRecord } from './record.ts'

/** A request as the library reads it: depth of any size, a list of anything */
export interface LibraryRequest {
  type: 'UPDATE' | 'SEARCH'
  /** Of a SEARCH; any text */
  target: string | undefined
  record: UserRecord
  depth: bigint
  checked: readonly string[]
}

/** What the library wants sent, and to which addresses */
export interface LibraryResult {
  request: string
  addresses: string[]
}

const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})\s+(\d{1,2}):(\d{1,2}):(\d{1,2})\.(\d{1,6})$/
const INTEGER = /^\s*([+-]?\d+(?:_\d+)*)\s*$/
const BASE64 = /[A-Za-z0-9+/]/

/** @throws {DecodeError} where the library says "Incorrect request" */
export function parseLibraryRequest(text: string, limits: RsaLimits = { minBits: 1_024 }): LibraryRequest {
  const [type, ...fields] = text.split(';')

  if (type !== 'UPDATE' && type !== 'SEARCH') {
    throw new DecodeError('neither UPDATE nor SEARCH')
  }

  const target = type === 'SEARCH' ? fields.shift() : undefined
  const [pem, address, date, signature, depth, checked] = fields

  if (checked === undefined) {
    throw new DecodeError('fields are missing')
  }

  const publicKey = parseKey(pem!, limits)
  const record = {
    hash: userHash(publicKey),
    publicKey,
    address: address!,
    date: parseLibraryDate(date!),
    signature: parseBase64(signature!)
  }
  return { type, target, record, depth: parseInteger(depth!), checked: parseList(checked) }
}

/** A request of the library as ours, such that others can read it: depth within 0–16, list without what is no hash */
export function decodeLibrary(limits: RsaLimits): (frame: Uint8Array) => Message {
  return (frame) => decodeText(encodeText(clamp(parseLibraryRequest(decodeUtf8(frame), limits))))
}

function clamp({ type, target, record, depth, checked }: LibraryRequest): Message {
  const clamped = depth < 0n ? 0 : Number(depth < BigInt(MAX_DEPTH) ? depth : BigInt(MAX_DEPTH))
  const hashes = checked.filter(isUserHash).slice(0, MAX_CHECKED)
  return type === 'UPDATE'
    ? { type: 'update', record, depth: clamped, checked: hashes }
    : { type: 'search', target: target!, sender: record, depth: clamped, checked: hashes }
}

/**
 * The library's request handler over a book of records, which it changes as the library does.
 *
 * @param self - our own user hash
 * @param book - by user hash, in order of arrival
 * @throws {DecodeError} where the library says "Incorrect request"
 */
export async function handleLibraryRequest(
  text: string,
  self: string,
  book: Map<string, UserRecord>,
  limits: RsaLimits = { minBits: 1_024 }
): Promise<LibraryResult[]> {
  const request = parseLibraryRequest(text, limits)
  return request.type === 'UPDATE' ? handleUpdate(request, self, book, limits) : handleSearch(request, self, book)
}

async function handleUpdate(
  request: LibraryRequest,
  self: string,
  book: Map<string, UserRecord>,
  limits: RsaLimits
): Promise<LibraryResult[]> {
  const { record } = request
  const held = book.get(record.hash)
  const isNews = held === undefined || record.date > held.date

  if (!isNews || (await new RecordVerifier(limits).verify(record)) !== 'valid') {
    return []
  }

  book.set(record.hash, record)
  return request.depth > 0n ? [passOn(request, self, book)] : []
}

/** It does not look at the sender's signature */
function handleSearch(request: LibraryRequest, self: string, book: Map<string, UserRecord>): LibraryResult[] {
  if (request.depth <= 0n) {
    return []
  }

  const held = book.get(request.target!)
  const answer =
    held === undefined ? [] : [{ request: `UPDATE;${recordText(held)};0;[]`, addresses: [request.record.address] }]
  return [...answer, passOn(request, self, book)]
}

/** To all of the book who are not in the list, the originator included */
function passOn(request: LibraryRequest, self: string, book: Map<string, UserRecord>): LibraryResult {
  const next = nextHop(request, self)
  const others = [...book.values()].filter(({ hash }) => !next.checked.includes(hash))
  return { request: encodeLibraryRequest(next), addresses: others.map(({ address }) => address) }
}

/** One hop less, and only our own hash added to the list */
export function nextHop(request: LibraryRequest, self: string): LibraryRequest {
  return { ...request, depth: request.depth - 1n, checked: [...request.checked, self] }
}

export function encodeLibraryRequest({ type, target, record, depth, checked }: LibraryRequest): string {
  const head = type === 'UPDATE' ? type : `${type};${target}`
  return `${head};${recordText(record)};${depth};[${checked.join(',')}]`
}

/** PKCS#1 alone, with line ends of any kind. @returns its one form */
function parseKey(pem: string, limits: RsaLimits): string {
  if (!pem.trimStart().startsWith('-----BEGIN RSA PUBLIC KEY-----')) {
    throw new DecodeError('a public key that is no PKCS#1 PEM')
  }

  try {
    return RsaPublicKey.fromPem(pem, limits).pkcs1Pem
  } catch (err) {
    throw new DecodeError('a public key that is none', { cause: err })
  }
}

/** A fraction of one to six digits is required. @returns the date in its one form */
function parseLibraryDate(text: string): string {
  const match = DATE.exec(text)
  const [year, month, day, hour, minute, second] = (match?.slice(1, 7) ?? []).map(Number)
  const parts = {
    year: year!,
    month: month!,
    day: day!,
    hour: hour!,
    minute: minute!,
    second: second!,
    microsecond: Number((match?.[7] ?? '').padEnd(6, '0'))
  }

  if (match === null || !exists(parts)) {
    throw new DecodeError('a date that is none')
  }

  return formatDate(parts)
}

/** As Python's int() reads it: blanks around it, a sign, single underscores between digits, any size */
function parseInteger(text: string): bigint {
  const digits = text.length <= 4_300 ? INTEGER.exec(text)?.[1]?.replaceAll('_', '') : undefined

  if (digits === undefined) {
    throw new DecodeError('a depth that is no integer')
  }

  return BigInt(digits.replace('+', ''))
}

/** Without its first and last character, split at commas; blanks around an entry are left out */
function parseList(text: string): string[] {
  const inner = text.slice(1, -1)
  return inner === '' ? [] : inner.split(',').map((entry) => entry.trim())
}

/** As Python's b64decode reads it: other characters are overlooked, and all after the padding. @returns strict base64 */
function parseBase64(text: string): string {
  let [digits, pads] = ['', 0]

  for (const char of text) {
    if (BASE64.test(char)) {
      digits += char
      pads = 0
    } else if (char === '=' && digits.length % 4 >= 2 && (digits.length % 4) + ++pads >= 4) {
      return btoa(atob(digits.padEnd(Math.ceil(digits.length / 4) * 4, '=')))
    }
  }

  if (digits.length % 4 !== 0) {
    throw new DecodeError('a signature that is no base64')
  }

  return btoa(atob(digits))
}
