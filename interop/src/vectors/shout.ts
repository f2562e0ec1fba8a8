import { RsaPrivateKey } from '@hearsay/protocol-core'
import { DecodeError } from '@hearsay/protocol-core/pure'
import { Compression, Opcode } from '@hearsay/protocol-shout'
import { encodeValue, readAnswer, readChangeKey, readStore, unsignedMessage } from '@hearsay/protocol-shout/codec'
import { each, same } from './case.ts'
import { base64, flag, has, integer, list, object, show, text } from './json.ts'
import { toHex } from './frames.ts'
import { floods } from './shout-floods.ts'
import { checkEncoding, distances, formulas, parameters, tables } from './shout-numbers.ts'
import { bodiesOf, receive } from './shout-receive.ts'
import type { Case, Protocol } from './case.ts'
import type { Json, JsonObject } from './json.ts'
import type { Received } from './shout-receive.ts'

const BITS = 2_048
const TAU = 256

/** What vector files say about SHOUT. */
export const shout: Protocol = {
  name: 'shout',
  sections: {
    parameters,
    keys: each(checkKey),
    ...tables,
    messages: each(checkMessage),
    encryption: (section) => [
      { name: '.layout', check: () => checkEncryption(object(section, 'the section')) },
      { name: '.prose' }
    ],
    compression: each(checkCompression),
    batch_of_3: checkBatch,
    two_transmissions_back_to_back: checkBatch,
    reserved_bits: each(checkReserved),
    negative: each(checkNegative),
    distance: distances,
    formulas,
    worst_case_graphs: floods,
    flood_checks: floods
  }
}

/** By name; the weak one is no key of ours */
function keysOf(siblings: JsonObject): Map<string, RsaPrivateKey> {
  return new Map(
    list(siblings['keys'], 'keys').map((value) => {
      const entry = object(value, 'the key')
      return [text(entry, 'name'), RsaPrivateKey.fromPem(text(entry, 'privatePkcs8Pem'), { minBits: 1_024 })]
    })
  )
}

function checkKey(entry: JsonObject): void {
  const { publicKey } = RsaPrivateKey.fromPem(text(entry, 'privatePkcs8Pem'), { minBits: 1_024 })
  same('bits', publicKey.bits, integer(entry, 'bits'))
  same('publicSpkiDer', Buffer.from(publicKey.spki).toString('base64'), text(entry, 'publicSpkiDer'))
  same('sha256OfDer', toHex(publicKey.fingerprint), text(entry, 'sha256OfDer'))
}

async function checkMessage(entry: JsonObject, siblings: JsonObject): Promise<void> {
  const keys = keysOf(siblings)
  const [from, to] = [keys.get(text(entry, 'from')), keys.get(text(entry, 'to'))]

  if (from === undefined || to === undefined) {
    throw new Error('from and to must be names of keys')
  }

  const { bits } = from.publicKey
  const bytes = base64(entry, 'transmission')
  const [[received, ...more] = [], ...others] = await receive(bytes, bits, [to])
  same('messages beyond the first', more.length + others.length, 0)
  const { message, value } = received!
  same('opcode', message.opcode, integer(entry, 'opcode'))
  same('opcodeName', Opcode[text(entry, 'opcodeName') as keyof typeof Opcode], message.opcode)
  same('from', toHex(message.from), toHex(from.publicKey.spki))
  same('to', toHex(message.to), toHex(to.publicKey.spki))
  same('encrypted', message.sealed, flag(entry, 'encrypted'))
  same('payload', toHex(encodeValue(value!)), text(entry, 'payloadMsgpackHex'))
  same('payloadLength', message.payload.byteLength, integer(entry, 'payloadLength'))
  same('message', Buffer.from(message.bytes).toString('base64'), text(entry, 'message'))
  same('signature', Buffer.from(message.signature).toString('base64'), text(entry, 'signature'))
  const ours = unsignedMessage(bits, message)
  same('the message when encoded', toHex(ours.subarray(bits / 8)), toHex(message.signed))
  checkEncoding(bytes, bits)
}

function checkEncryption(entry: JsonObject): void {
  const layout = object(entry['layout'], 'layout')
  same('layout', layout, { wrappedKey: BITS / 8, iv: 12, ciphertextAndTag: 'rest' })
}

async function checkCompression(entry: JsonObject, siblings: JsonObject): Promise<void> {
  const bytes = base64(entry, 'transmission')
  const method = text(entry, 'method').split(',')[0] as keyof typeof Compression
  same('code', integer(entry, 'code'), Compression[method])
  same('the code in the header', bytes[1]! & 7, integer(entry, 'code'))
  const [body] = await bodiesOf(bytes)
  const plain = await expectedBody(entry, siblings)
  same('the messages', toHex(body!), toHex(plain))

  for (const [name, length] of [
    ['rawLength', body!.byteLength],
    ['compressedLength', bytes.byteLength - 6]
  ] as const) {
    same(name, has(entry, name) ? length : undefined, entry[name])
  }
}

async function expectedBody(entry: JsonObject, siblings: JsonObject): Promise<Uint8Array> {
  if (Array.isArray(entry['messages'])) {
    return Buffer.concat(entry['messages'].map((message) => base64({ message }, 'message')))
  }

  same('messages', entry['messages'], 'as under none')
  const [body] = await bodiesOf(base64(object(siblings['batch_of_3'], 'batch_of_3'), 'transmission'))
  return body!
}

/** Several messages, or several transmissions */
function checkBatch(section: Json, siblings: JsonObject): Case[] {
  const entry = object(section, 'the section')
  const check = async (): Promise<void> =>
    has(entry, 'bytes') ? checkTwo(entry, siblings) : checkThree(entry, siblings)
  return Object.keys(entry).map((name) => ({ name: `.${name}`, check }))
}

async function checkThree(entry: JsonObject, siblings: JsonObject): Promise<void> {
  const bytes = base64(entry, 'transmission')
  const transmissions = await receive(bytes, BITS, [...keysOf(siblings).values()])
  same('headerHex', text(entry, 'headerHex'), toHex(bytes.subarray(0, 6)))
  same('messages', transmissions.flat().map(summary), entry['expect'])
  same('transmissions', transmissions.length, 1)
}

async function checkTwo(entry: JsonObject, siblings: JsonObject): Promise<void> {
  const transmissions = await receive(base64(entry, 'bytes'), BITS, [...keysOf(siblings).values()])
  same('expect', entry['expect'], `${transmissions.length === 2 ? 'two' : transmissions.length} transmissions`)
}

function summary({ message, value }: Received): JsonObject {
  return { op: message.opcode, payload: value as Json }
}

async function checkReserved(entry: JsonObject, siblings: JsonObject): Promise<void> {
  const bytes = base64(entry, 'transmission')
  same('expect', text(entry, 'expect'), 'accepted, bits ignored')
  const [received] = await receive(bytes, BITS, [...keysOf(siblings).values()])
  const { message } = received![0]!
  const reserved = [bytes[0], bytes[1]! >> 3, message.signed[4]! & 15, message.signed[5]! >> 1]
  same(
    'whether reserved bits are set',
    reserved.some((bits) => bits! > 0),
    true
  )
}

async function checkNegative(entry: JsonObject, siblings: JsonObject): Promise<void> {
  const [bytes, expected] = [base64(entry, 'transmission'), text(entry, 'expect')]
  const all = [...keysOf(siblings).entries()]
  // whoever `to` says cannot open what another key was wrapped for
  const problem = await receive(
    bytes,
    BITS,
    all.map(([, key]) => key)
  ).then(refusal, onRefused)

  if (!/^(reject|ignore|NACK)/.test(expected)) {
    throw new Error(`expect must start with reject, ignore or NACK, and is ${show(expected)}`)
  } else if (problem === undefined || expected.startsWith('reject') !== (problem.by === 'transport')) {
    throw new Error(
      problem === undefined ? 'it was accepted' : `it was refused by the ${problem.by}: ${problem.reason}`
    )
  }

  if (has(entry, 'rawLength')) {
    checkBomb(entry, bytes)
  }
}

function checkBomb(entry: JsonObject, bytes: Uint8Array): void {
  same('compressedLength', bytes.byteLength - 6, integer(entry, 'compressedLength'))
  same('rawLength beyond the limit', integer(entry, 'rawLength') > 4 * 2 ** 20, true)
}

interface Refusal {
  by: 'transport' | 'meaning'
  reason: string
}

/** What is well-formed and signed may still say what it must not */
function refusal(transmissions: Received[][]): Refusal | undefined {
  const [received] = transmissions.flat()
  const { message, value } = received!

  switch (message.opcode) {
    case Opcode.CHANGE_KEY:
      return readChangeKey(value!, message.from, BITS) === undefined ? meaning('not its own key') : undefined
    case Opcode.ACK:
      return readAnswer(value!) === undefined ? meaning('no list') : undefined
    case Opcode.STORE:
      return readStore(value!, TAU) === undefined ? meaning('the address is not that of the key') : undefined
    default:
      return undefined
  }
}

function meaning(reason: string): Refusal {
  return { by: 'meaning', reason }
}

function onRefused(err: unknown): Refusal {
  if (err instanceof DecodeError) {
    return { by: 'transport', reason: err.message }
  }

  throw err
}
