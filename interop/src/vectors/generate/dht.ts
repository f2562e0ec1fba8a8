import { encodeEnvelope, signedBytes } from '@hearsay/node/dht'
import { generateKeyPairFromSeed, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { ownedKey, plainKey } from '../../../../packages/node/src/dht/rules/record-key.ts'
import { sha256 } from '../../../../packages/node/src/dht/digest.ts'
import { dhtMessages } from '../dht.ts'
import { toHex } from '../frames.ts'
import { has, text } from '../json.ts'
import { encodedFrames, originalFrames, originalSection, refusedFrames, resized } from './frames.ts'
import { original } from './originals.ts'
import type { Envelope } from '@hearsay/node/dht'
import type { DhtMessage } from '../../../../packages/node/src/api/dht-messages.ts'
import type { JsonObject } from '../json.ts'
import type { ErrorName, Vector } from '../messages/vector.ts'

const KEY = Uint8Array.from({ length: 32 }, (_, at) => at)
const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, at) => at)
const LARGE = new Uint8Array(33_000).fill(0x68)

const messages: Record<string, DhtMessage> = {
  'PUT of every byte': { type: 'put', ttl: 3_600, replication: 20, key: KEY, value: EVERY_BYTE },
  'PUT of 33,000 bytes': { type: 'put', ttl: 1, replication: 1, key: KEY, value: LARGE },
  GET: { type: 'get', key: KEY },
  'SUCCESS of one byte': { type: 'success', key: KEY, value: Uint8Array.of(0) },
  FAILURE: { type: 'failure', key: KEY }
}

/** Sent by whoever must not is about roles, and not about messages */
const isOfRole = (entry: JsonObject): boolean => text(entry, 'label').endsWith('sent by a client')

export function dhtApiVectors(): Vector[] {
  const known = original('dht.json')
  const own = encodedFrames(dhtMessages, messages)
  const frame = (name: string): string => own.find((each) => each.name === name)!.hex!
  const parts = originalSection(known, 'messages').filter((entry) => text(entry, 'label') !== '')
  return [
    ...own,
    ...originalFrames(dhtMessages, parts.filter(hasValue)),
    ...refusedFrames(originalSection(known, 'malformed').filter((entry) => !isOfRole(entry))),
    ...resized({ PUT: frame('PUT of every byte') }, [4, 8, 39, 40]),
    ...resized({ SUCCESS: frame('SUCCESS of one byte') }, [4, 35, 36]),
    ...resized({ GET: frame('GET'), FAILURE: frame('FAILURE') }, [4, 35, 37, 68])
  ]
}

/** A value has at least one byte; an original has one without */
function hasValue(entry: JsonObject): boolean {
  const fields = entry['fields'] as JsonObject
  return !has(fields, 'valueHex') || fields['valueHex'] !== ''
}

const utf8 = (words: string): Uint8Array => new TextEncoder().encode(words)
const plain = (): string => new TextDecoder().decode(plainKey(KEY))

interface Draft extends Partial<Omit<Envelope, 'signature'>> {
  key?: string
  /** Of who signs, and by default owns it */
  seed?: number
}

/** A signed value, which depends on nothing but what is given */
async function sealed({ key = plain(), seed = 1, ...draft }: Draft): Promise<Envelope & { key: string }> {
  const privateKey = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(seed))
  const content = {
    issuedAt: 1_700_000_000_000,
    expiresAt: 1_700_003_600_000,
    sequence: 1_700_000_000_000,
    replication: 3,
    owner: publicKeyToProtobuf(privateKey.publicKey),
    payload: utf8('psst'),
    ...draft
  }
  return { key, ...content, signature: await privateKey.sign(signedBytes(utf8(key), content)) }
}

function right(name: string, { key, owner, payload, signature, ...numbers }: Envelope & { key: string }): Vector {
  const bytes = encodeEnvelope({ owner, payload, signature, ...numbers })
  const [ownerHex, payloadHex, signatureHex] = [owner, payload, signature].map(toHex) as [string, string, string]
  return { name, hex: toHex(bytes), fields: { key, ...numbers, ownerHex, payloadHex, signatureHex }, ok: true }
}

function wrong(name: string, errorName: ErrorName, { key, ...envelope }: Envelope & { key: string }): Vector {
  return { name, hex: toHex(encodeEnvelope(envelope)), fields: { key }, errorName }
}

export async function dhtRecordVectors(): Promise<Vector[]> {
  const record = await sealed({})
  const { owner } = record
  const own = await sealed({ key: new TextDecoder().decode(ownedKey(sha256(owner), KEY)) })
  const stranger = await sealed({ seed: 2 })
  return [
    right('a plain key', record),
    right('an owned key', own),
    right('the longest life, most copies', await sealed({ expiresAt: 1_700_065_535_000, replication: 20 })),
    right('every byte, the highest sequence', await sealed({ payload: EVERY_BYTE, sequence: 2 ** 53 - 1 })),
    right('another owner', stranger),
    ...keyErrors(record, own, stranger),
    wrong('signed by another', 'SignatureError', { ...record, signature: stranger.signature }),
    wrong('signed for another key', 'SignatureError', { ...own, key: plain() }),
    wrong('another value', 'SignatureError', { ...record, payload: utf8('psss') }),
    wrong('a later end', 'SignatureError', { ...record, expiresAt: record.expiresAt + 1 }),
    wrong('a higher sequence', 'SignatureError', { ...record, sequence: record.sequence + 1 }),
    wrong('more copies', 'SignatureError', { ...record, replication: 4 }),
    wrong('half a signature', 'SignatureError', { ...record, signature: record.signature.subarray(0, 32) }),
    ...malformed(right('', record))
  ]
}

function keyErrors(...[record, own, stranger]: (Envelope & { key: string })[]): Vector[] {
  const key = plain()
  return [
    wrong('an owned key of another owner', 'KeyError', { ...stranger!, key: own!.key }),
    wrong('a key in capitals', 'KeyError', { ...record!, key: key.toUpperCase().replace('/HEARSAY', '/hearsay') }),
    wrong('a key that is too short', 'KeyError', { ...record!, key: key.slice(0, -2) }),
    wrong('a key of another kind', 'KeyError', { ...record!, key: key.replace('/hearsay', '/pk') })
  ]
}

/** What stands in the bytes otherwise than it must: the first is 08 01, the version */
function malformed({ hex, fields }: Vector): Vector[] {
  const whole = hex!
  const forms: Record<string, string> = {
    nothing: '',
    'version 2': `0802${whole.slice(4)}`,
    'no version': whole.slice(4),
    'a number in a longer form than it needs': `088100${whole.slice(4)}`,
    'a byte too many': `${whole}00`,
    'a byte too few': whole.slice(0, -2),
    'a field twice': `0801${whole}`,
    'a field that is not known, at the end': `${whole}4801`
  }
  const known = { key: fields!['key']! }
  return Object.entries(forms).map(([name, bytes]) => ({ name, hex: bytes, fields: known, errorName: 'DecodeError' }))
}
