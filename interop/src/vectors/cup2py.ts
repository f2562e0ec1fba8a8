import { createHash } from 'node:crypto'
import { RsaPrivateKey } from '@hearsay/protocol-core'
import { decodeText, encodeText, recordText, signedText, userHash } from '@hearsay/protocol-cup2py/codec'
import { decryptKey, decryptLibraryText } from '@hearsay/protocol-cup2py/keys'
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
import type { LibraryResult } from '@hearsay/protocol-cup2py/library'
import type { Case, Protocol } from './case.ts'
import type { Json, JsonObject } from './json.ts'

/** The library's own size of keys */
const LIMITS = { minBits: 1_024 }
const verifier = new RecordVerifier(LIMITS)

/** What vector files say about CUP2PY; they were made by the published Python library. */
export const cup2py: Protocol = {
  name: 'cup2py',
  sections: {
    keys: each(checkKey),
    records: each(checkRecord),
    requests: each(checkRequest),
    handler: each(checkHandler),
    aes: (section) =>
      list(object(section, 'the section')['cases'], 'cases').map((value, index) =>
        aesCase(object(value, 'the case'), index)
      )
  }
}

function checkKey(entry: JsonObject): void {
  const key = RsaPrivateKey.fromPem(text(entry, 'privatePem'), LIMITS)
  same('publicPem', key.publicKey.pkcs1Pem, text(entry, 'publicPem'))
  same('privatePem', key.pkcs1Pem, text(entry, 'privatePem'))
  same('bits', key.publicKey.bits, integer(entry, 'bits'))
  same('n', String(key.publicKey.n), text(entry, 'n'))
  same('publicKeyHash', userHash(key.publicKey.pkcs1Pem), text(entry, 'publicKeyHash'))
  same('reprPublicKey', keyText(key.publicKey), text(entry, 'reprPublicKey'))
  same('publicDerPkcs1B64', Buffer.from(key.publicKey.pkcs1).toString('base64'), text(entry, 'publicDerPkcs1B64'))
}

async function checkRecord(entry: JsonObject, siblings: JsonObject): Promise<void> {
  const key = privateKey(text(entry, 'key'), siblings)
  const [address, date, hash] = [text(entry, 'ip'), text(entry, 'dateString'), text(entry, 'publicKeyHash')]
  const signed = signedText(keyText(key.publicKey), address, date)
  same('signedMessage', signed, text(entry, 'signedMessage'))
  same('signedMessageSha256', createHash('sha256').update(signed).digest('hex'), text(entry, 'signedMessageSha256'))
  same('dateRepr', signed.includes(text(entry, 'dateRepr')), true)
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
  same('reparsedByOriginal', library, flag(reparsed, 'ok') ? record : undefined)
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

async function checkHandler(entry: JsonObject): Promise<void> {
  const before = rows(entry, 'addressBookBefore')
  const book = new Map(before.map((record) => [record.hash, record]))
  const results = await handleLibraryRequest(text(entry, 'message'), text(entry, 'localHash'), book).catch(refused)
  same('result', results, expectedResults(entry['result'] ?? null))
  same('addressBookAfter', [...book.values()], rows(entry, 'addressBookAfter'))
  const changed = JSON.stringify([...book.values()]) !== JSON.stringify(before)
  same('addressBookChanged', changed, flag(entry, 'addressBookChanged'))
}

function expectedResults(result: Json): LibraryResult[] {
  const all = result === null ? [] : Array.isArray(result) ? result : [result]
  return all.map((value) => {
    const entry = object(value, 'result')
    return { request: text(entry, 'request'), addresses: list(entry['ipList'], 'ipList') as string[] }
  })
}

/** Encrypting in this scheme is not offered: what is only about that is not ours */
function aesCase(entry: JsonObject, index: number): Case {
  const name = `.cases${entryName(entry, index)}`

  if (has(entry, 'encryptedFileB64')) {
    return { name, check: () => checkKeyFile(entry) }
  }

  return flag(entry, 'unchanged') ? { name } : { name, check: () => checkText(entry) }
}

function checkText(entry: JsonObject): void {
  same('decrypted', decryptLibraryText(text(entry, 'ciphertext'), text(entry, 'password')), text(entry, 'decrypted'))
}

async function checkKeyFile(entry: JsonObject): Promise<void> {
  const file = Buffer.from(base64(entry, 'encryptedFileB64')).toString('utf8')
  same('the key', await decryptKey(file, text(entry, 'password')), text(entry, 'plaintext'))
  const wrong = await decryptKey(file, `x${text(entry, 'password')}`).catch((err: Error) => err.name)
  same('with a wrong password', wrong, 'WrongPasswordError')
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

function refused(err: unknown): LibraryResult[] {
  if (err instanceof DecodeError) {
    return []
  }

  throw err
}
