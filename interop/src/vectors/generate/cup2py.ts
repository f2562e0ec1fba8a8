import { RsaPrivateKey } from '@hearsay/protocol-core'
import { decodeText, encodeText } from '@hearsay/protocol-cup2py/codec'
import { signRecord } from '@hearsay/protocol-cup2py'
import { userHash } from '@hearsay/protocol-cup2py/codec'
import { requestFields } from '../messages/read-request.ts'
import { text } from '../json.ts'
import { entries, original } from './originals.ts'
import type { Message, UserRecord } from '@hearsay/protocol-cup2py/codec'
import type { ErrorName, Vector } from '../messages/vector.ts'

const KEY = 'k2048a'
const WEAK_KEY = 'k1024a'
const ADDRESS = '/ip4/192.0.2.1/tcp/6001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
const DATE = '2026-01-02 03:04:05.000006'
const hash = (digit: number): string => digit.toString(16).padStart(64, 'a')
const hashes = (count: number): string[] => Array.from({ length: count }, (_, at) => hash(at))

/** RSASSA-PKCS1-v1_5 has no salt: the same is signed the same each time */
async function signed(address: string, date: string, name: string = KEY): Promise<UserRecord> {
  const entry = entries(original('cup2py.json')['keys']).find((each) => text(each, 'name') === name)!
  const key = RsaPrivateKey.fromPem(text(entry, 'privatePem'), { minBits: 1_024 })
  return signRecord(key, userHash(key.publicKey.pkcs1Pem), address, date)
}

export async function cup2pyVectors(): Promise<Vector[]> {
  const record = await signed(ADDRESS, DATE)
  const update = encodeText({ type: 'update', record, depth: 3, checked: [hash(1)] })
  const search = encodeText({ type: 'search', target: hash(2), sender: record, depth: 7, checked: [hash(1)] })
  const weak = await signed(ADDRESS, DATE, WEAK_KEY)
  return [
    ...(await messages(record)).map(right),
    ...originals(),
    ...altered(update),
    refused(
      'UPDATE by a key of 1,024 bits',
      'KeyError',
      encodeText({ type: 'update', record: weak, depth: 0, checked: [] })
    ),
    ...recordForms(update, 0).map(([name, words]) => refused(`UPDATE: ${name}`, 'DecodeError', words)),
    ...recordForms(search, 1).map(([name, words]) => refused(`SEARCH: ${name}`, 'DecodeError', words)),
    ...targets(search),
    { name: 'UPDATE that is not UTF-8', hex: `${Buffer.from(update).toString('hex')}ff`, errorName: 'DecodeError' },
    {
      name: 'UPDATE behind a byte order mark',
      hex: `efbbbf${Buffer.from(update).toString('hex')}`,
      errorName: 'DecodeError'
    }
  ]
}

async function messages(record: UserRecord): Promise<Record<string, Message>[]> {
  const update = (of: UserRecord, depth: number, checked: string[] = []): Message => ({
    type: 'update',
    record: of,
    depth,
    checked
  })
  const search = (depth: number, checked: string[]): Message => ({
    type: 'search',
    target: hash(2),
    sender: record,
    depth,
    checked
  })
  return [
    { 'UPDATE of depth 0, without a list': update(record, 0) },
    { 'UPDATE of depth 16, with three in its list': update(record, 16, hashes(3)) },
    { 'UPDATE with 900 in its list': update(record, 1, hashes(900)) },
    { 'UPDATE without an address': update(await signed('', DATE), 1) },
    { 'UPDATE whose address has both quotes and a backslash': update(await signed(`it's "here"\\`, DATE), 1) },
    { 'UPDATE whose address is not ASCII': update(await signed('grüße 😀 \u00ad', DATE), 1) },
    { 'UPDATE of a whole minute': update(await signed(ADDRESS, '2024-02-29 23:59:00'), 1) },
    { 'SEARCH of depth 1': search(1, []) },
    { 'SEARCH of depth 16, with two in its list': search(16, hashes(2)) }
  ]
}

function right(named: Record<string, Message>): Vector {
  const [name, message] = Object.entries(named)[0]!
  return { name, text: encodeText(message), fields: requestFields(message), ok: true }
}

/** Requests that the library made, as far as they are ours too */
function originals(): Vector[] {
  const requests = entries(original('cup2py.json')['requests'])
  const ours = requests.filter(
    (entry) => text(entry, 'label').endsWith(KEY) && !text(entry, 'label').includes('depth=-')
  )
  return ours.map((entry) => {
    const words = text(entry, 'before')
    return {
      name: `original: ${text(entry, 'label')}`,
      text: words,
      fields: requestFields(decodeText(words)),
      ok: true
    }
  })
}

function refused(name: string, errorName: ErrorName, words: string): Vector {
  return { name, text: words, errorName }
}

/** Well-formed, and not what was signed */
function altered(update: string): Vector[] {
  const forms: Record<string, string> = {
    'another address': update.replace('192.0.2.1', '192.0.2.2'),
    'another date': update.replace('05.000006', '05.000007'),
    'another signature': update.replace(/;[A-Za-z0-9+/]{4}(?=[A-Za-z0-9+/]{300})/, ';AAAA'),
    'a shorter signature': update.replace(/;[A-Za-z0-9+/]{4}(?=[A-Za-z0-9+/]{300})/, ';')
  }
  return Object.entries(forms).map(([name, words]) => refused(`UPDATE: ${name}`, 'SignatureError', words))
}

/** Each part in a form that it must not have. @param at - of the record among the fields behind the first */
function recordForms(whole: string, at: number): [string, string][] {
  const parts = whole.split(';')
  const [pem, address, date, signature, depth, list] = [1, 2, 3, 4, 5, 6].map((each) => each + at)
  const put = (part: number | undefined, words: string): string => parts.with(part!, words).join(';')
  const key = parts[pem!]!
  return [
    ['in small letters', put(0, parts[0]!.toLowerCase())],
    ['a field too few', parts.toSpliced(depth!, 1).join(';')],
    ['a field too many', `${whole};`],
    ['a key of another kind', put(pem, key.replaceAll('RSA PUBLIC', 'PUBLIC'))],
    ['a key without its last line end', put(pem, key.trimEnd())],
    ['a key with line ends of two characters', put(pem, key.replaceAll('\n', '\r\n'))],
    ['a key with lines of 65 columns', put(pem, key.replace(/\n(.{64})\n(.)/, '\n$1$2\n'))],
    ['an address of 1,025 characters', put(address, 'x'.repeat(1_025))],
    ['a date with a T', put(date, '2026-01-02T03:04:05.000006')],
    ['a date that is none', put(date, '2026-02-30 03:04:05.000006')],
    ['a 13th month', put(date, '2026-13-02 03:04:05.000006')],
    ['a fraction of three digits', put(date, '2026-01-02 03:04:05.006')],
    ['a date without a time', put(date, '2026-01-02')],
    ['no signature', put(signature, '')],
    ['a signature that is no base64', put(signature, '****')],
    ['a depth of -1', put(depth, '-1')],
    ['a depth of 17', put(depth, '17')],
    ['a depth with a zero before it', put(depth, '03')],
    ['a depth with a fraction', put(depth, '3.0')],
    ['no depth', put(depth, '')],
    ['a list without brackets', put(list, hash(1))],
    ['a list that does not end', put(list, `[${hash(1)}`)],
    ['a list with a blank', put(list, `[${hash(1)}, ${hash(2)}]`)],
    ['a list with an empty entry', put(list, `[${hash(1)},]`)],
    ['a hash of 63 digits', put(list, `[${hash(1).slice(1)}]`)],
    ['a hash in capitals', put(list, `[${hash(10).toUpperCase()}]`)],
    ['something behind the list', `${whole} `]
  ]
}

function targets(search: string): Vector[] {
  const parts = search.split(';')
  return [
    refused('SEARCH: for nobody', 'DecodeError', parts.with(1, '').join(';')),
    refused('SEARCH: for a hash in capitals', 'DecodeError', parts.with(1, hash(10).toUpperCase()).join(';')),
    refused(
      'UPDATE: 901 in its list',
      'DecodeError',
      `${['UPDATE', ...parts.slice(2, 7)].join(';')};[${hashes(901).join(',')}]`
    ),
    refused('nothing', 'DecodeError', ''),
    refused('another word', 'DecodeError', parts.with(0, 'DELETE').join(';'))
  ]
}
