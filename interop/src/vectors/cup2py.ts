import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { RsaPrivateKey } from '@hearsay/protocol-core'
import { decodeText, encodeText, formatDate, recordText, signedText, userHash } from '@hearsay/protocol-cup2py/codec'
import { decryptKey, decryptLibraryText, LIBRARY_ALPHABET } from '@hearsay/protocol-cup2py/keys'
import {
  encodeLibraryRequest,
  handleLibraryRequest,
  nextHop,
  parseLibraryRequest
} from '@hearsay/protocol-cup2py/library'
import { keyText, RecordVerifier, signRecord } from '@hearsay/protocol-cup2py'
import { DecodeError } from '@hearsay/protocol-core/pure'
import { each, entryName, same } from './case.ts'
import { base64, flag, has, integer, isObject, list, object, text } from './json.ts'
import type { UserRecord } from '@hearsay/protocol-cup2py'
import type { DateParts } from '@hearsay/protocol-cup2py/codec'
import type { LibraryResult } from '@hearsay/protocol-cup2py/library'
import type { Case, Protocol } from './case.ts'
import type { Json, JsonObject } from './json.ts'

/** The library's own size of keys */
const LIMITS = { minBits: 1_024 }
const PADDING = '@'
/** Letters of a block */
const BLOCK = 16
const verifier = new RecordVerifier(LIMITS)

/** What vector files say about CUP2PY; they were made by the published Python library. */
export const cup2py: Protocol = {
  name: 'cup2py',
  sections: {
    keys: each(checkKey),
    records: each(checkRecord),
    requests: each(checkRequest),
    handler: each(checkHandler),
    aes
  }
}

function checkKey(entry: JsonObject): void {
  const key = RsaPrivateKey.fromPem(text(entry, 'privatePem'), LIMITS)
  const { bits, pkcs1, pkcs1Pem, n, e } = key.publicKey
  same('publicPem', pkcs1Pem, text(entry, 'publicPem'))
  same('privatePem', key.pkcs1Pem, text(entry, 'privatePem'))
  same('bits', bits, integer(entry, 'bits'))
  same('name', text(entry, 'name').slice(0, -1), `k${bits}`)
  same('n', String(n), text(entry, 'n'))
  same('e', e, integer(entry, 'e'))
  same('publicKeyHash', userHash(pkcs1Pem), text(entry, 'publicKeyHash'))
  same('reprPublicKey', keyText(key.publicKey), text(entry, 'reprPublicKey'))
  same('publicDerPkcs1B64', Buffer.from(pkcs1).toString('base64'), text(entry, 'publicDerPkcs1B64'))
  const der = Buffer.from(key.pkcs1).toString('hex')
  ;['d', 'p', 'q'].forEach((name) => same(name, der.includes(BigInt(text(entry, name)).toString(16)), true))
}

async function checkRecord(entry: JsonObject, siblings: JsonObject): Promise<void> {
  const key = privateKey(text(entry, 'key'), siblings)
  const [address, date, hash] = [text(entry, 'ip'), text(entry, 'dateString'), text(entry, 'publicKeyHash')]
  const signed = signedText(keyText(key.publicKey), address, date)
  same('dateString', formatDate(object(entry['date'], 'date') as unknown as DateParts), date)
  same('signedMessage', signed, text(entry, 'signedMessage'))
  same('signedMessageSha256', createHash('sha256').update(signed).digest('hex'), text(entry, 'signedMessageSha256'))
  same('dateRepr', signed.slice(signed.lastIndexOf('datetime.datetime('), -1), text(entry, 'dateRepr'))
  const record = await signRecord(key, userHash(key.publicKey.pkcs1Pem), address, date)
  same('publicKeyHash', record.hash, hash)
  same('signatureB64', record.signature, text(entry, 'signatureB64'))
  same('addressBookRow', rowOf(record), list(entry['addressBookRow'], 'addressBookRow'))
  same('whether it verifies', await verifier.verify(record), 'valid')
  checkReparsed(record, object(entry['reparsedByOriginal'], 'reparsedByOriginal'))
}

/** We read all of them; the library does not read whole seconds */
function checkReparsed(record: UserRecord, reparsed: JsonObject): void {
  const update = encodeText({ type: 'update', record, depth: 0, checked: [] })
  same('as we read it', decodeText(update), { type: 'update', record, depth: 0, checked: [] })
  const library = attempt(() => parseLibraryRequest(update).record)
  same('as the library reads it', library, flag(reparsed, 'ok') ? record : undefined)
  const format = '%Y-%m-%d %H:%M:%S.%f'
  const error = `ValueError: time data '${record.date}' does not match format '${format}'`
  same(
    'reparsedByOriginal',
    reparsed,
    library === undefined ? { ok: false, error } : { ok: true, messageEqual: true, verifies: true }
  )
}

/** One hop: as the library does it, and where the request is one of ours, read and written by us */
function checkRequest(entry: JsonObject): void {
  const before = text(entry, 'before')
  const request = parseLibraryRequest(before)
  same('before', encodeLibraryRequest(request), before)
  same('kind', request.type, text(entry, 'kind'))
  same('after', encodeLibraryRequest(nextHop(request, text(entry, 'depthStepHash'))), text(entry, 'after'))
  const ours = attempt(() => encodeText(decodeText(before)))
  same('as we read it', ours, request.depth < 0n ? undefined : before)
}

async function checkHandler(entry: JsonObject, siblings: JsonObject): Promise<void> {
  const [message, self] = [text(entry, 'message'), text(entry, 'localHash')]
  const before = rows(entry, 'addressBookBefore')
  const book = new Map(before.map((record) => [record.hash, record]))
  const results = await handleLibraryRequest(message, self, book).catch(refused)
  const after = [...book.values()]
  same(
    'signatures in addressBookBefore',
    await Promise.all(before.map(isSigned)),
    before.map(() => true)
  )
  same('localHash', self, userHash(privateKey(text(entry, 'localKey'), siblings).publicKey.pkcs1Pem))
  same('result', results ?? [], expectedResults(entry['result'] ?? null))
  same('resultType', ['NoneType', 'tuple', 'list'][results?.length ?? 0], text(entry, 'resultType'))
  same('raised', null, entry['raised'])
  same('stdout', await complaints(message, results), entry['stdout'])
  same('addressBookAfter', after, rows(entry, 'addressBookAfter'))
  same('addressBookChanged', !isDeepStrictEqual(after, before), flag(entry, 'addressBookChanged'))
}

function expectedResults(result: Json): LibraryResult[] {
  const all = result === null ? [] : Array.isArray(result) ? result : [result]
  return all.map((value) => {
    const entry = object(value, 'result')
    return { request: text(entry, 'request'), addresses: list(entry['ipList'], 'ipList') as string[] }
  })
}

/** What the library prints about a request it does nothing with */
async function complaints(message: string, results: LibraryResult[] | undefined): Promise<string[]> {
  const [type, ...fields] = message.split(';')

  if (results === undefined) {
    const depth = fields[4]
    const parse = `Couldn't get request from received string: invalid literal for int() with base 10: '${depth}'`
    return [...(type === 'UPDATE' && depth !== undefined ? [parse] : []), 'Incorrect request']
  }

  const isForged = type === 'UPDATE' && (await verifier.verify(parseLibraryRequest(message).record)) !== 'valid'
  return isForged ? ['Error while trying to validate digital signature: Verification failed'] : []
}

/** Encrypting in this scheme is not offered: what is only about that is not ours */
function aes(section: Json): Case[] {
  const content = object(section, 'the section')
  const alphabet = (list(content['alphabet'], 'alphabet') as string[]).join('')
  return [
    { name: '.alphabet', check: () => same('alphabet', LIBRARY_ALPHABET, alphabet) },
    { name: '.padLetter', check: () => same('padLetter', PADDING, text(content, 'padLetter')) },
    { name: '.padByte', check: () => same('padByte', LIBRARY_ALPHABET.indexOf(PADDING), integer(content, 'padByte')) },
    { name: '.description' },
    ...list(content['cases'], 'cases').map((value, index) => aesCase(object(value, 'the case'), index))
  ]
}

function aesCase(entry: JsonObject, index: number): Case {
  const name = `.cases${entryName(entry, index)}`

  if (has(entry, 'encryptedFileB64')) {
    return { name, check: () => checkKeyFile(entry) }
  }

  return entry['ciphertextBytesHex'] === null ? { name } : { name, check: () => checkText(entry) }
}

function checkText(entry: JsonObject): void {
  const [plaintext, ciphertext] = [text(entry, 'plaintext'), text(entry, 'ciphertext')]
  const decrypted = decryptLibraryText(ciphertext, text(entry, 'password'))
  const bytes = Buffer.from(Array.from(ciphertext, (letter) => LIBRARY_ALPHABET.indexOf(letter)))
  const padded = plaintext.padEnd(Math.ceil(plaintext.length / BLOCK) * BLOCK, PADDING)
  same('decrypted', decrypted, text(entry, 'decrypted'))
  same('plaintext', decrypted, padded.replace(/@{1,15}$/, ''))
  same('roundTrip', decrypted === plaintext, flag(entry, 'roundTrip'))
  same('ciphertextBytesHex', bytes.toString('hex'), text(entry, 'ciphertextBytesHex'))
  same('unchanged', decrypted === ciphertext, flag(entry, 'unchanged'))
}

async function checkKeyFile(entry: JsonObject): Promise<void> {
  const password = text(entry, 'password')
  const file = Buffer.from(base64(entry, 'encryptedFileB64')).toString('utf8')
  const pem = await decryptKey(file, password)
  const wrong = await decryptKey(file, `x${password}`).catch((err: Error) => err.name)
  const garbage = decryptLibraryText(file, `x${password}`)
  same('ciphertext', file, text(entry, 'ciphertext'))
  same('plaintext', pem, text(entry, 'plaintext'))
  same('with a wrong password', wrong, 'WrongPasswordError')
  same('wrongPasswordLooksLikePem', garbage.startsWith('-----BEGIN'), flag(entry, 'wrongPasswordLooksLikePem'))
  same('roundTrip', true, flag(entry, 'roundTrip'))
  same('standardAesDecrypts', true, flag(entry, 'standardAesDecrypts'))
  same(
    'stdout',
    ['encrypted', 'decrypted'].map((done) => `x_privateKey.pem successfully ${done}`),
    entry['stdout']
  )
}

function privateKey(name: string, siblings: JsonObject): RsaPrivateKey {
  const entry = list(siblings['keys'], 'keys').find((key) => isObject(key) && key['name'] === name)
  return RsaPrivateKey.fromPem(text(object(entry, `the key ${name}`), 'privatePem'), LIMITS)
}

function rows(entry: JsonObject, key: string): UserRecord[] {
  return list(entry[key], key).map((row) => {
    const [hash, publicKey, address, date, signature] = list(row, key) as [string, string, string, string, string]
    return { hash, publicKey, address, date, signature }
  })
}

async function isSigned(record: UserRecord): Promise<boolean> {
  return record.hash === userHash(record.publicKey) && (await verifier.verify(record)) === 'valid'
}

function rowOf(record: UserRecord): string[] {
  const [publicKey, address, date, signature] = recordText(record).split(';') as [string, string, string, string]
  return [record.hash, publicKey, address, date, signature]
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (err) {
    if (err instanceof DecodeError) {
      return undefined
    }

    throw err
  }
}

/** @returns undefined for a request the library calls incorrect */
function refused(err: unknown): undefined {
  if (err instanceof DecodeError) {
    return undefined
  }

  throw err
}
