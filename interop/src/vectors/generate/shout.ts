import { RsaPrivateKey } from '@hearsay/protocol-core'
import { Compression, Opcode, Option } from '@hearsay/protocol-shout'
import { encodeTransmission, encodeValue, joinMessages, unsignedMessage } from '@hearsay/protocol-shout/codec'
import { base64, has, object, text } from '../json.ts'
import { toHex } from '../frames.ts'
import { readTransmission } from '../messages/read-transmission.ts'
import { entries, original } from './originals.ts'
import { sha256, signPss } from './pss.ts'
import type { Value } from '@hearsay/protocol-shout/codec'
import type { JsonObject } from '../json.ts'
import type { ErrorName, Vector } from '../messages/vector.ts'

const BITS = 2_048
const ADDRESS = '/ip4/192.0.2.1/tcp/6001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
const PEERS = [
  '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN',
  '12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X'
]

const known = original('shout.json')
const pemOf = (name: string): string => {
  const key = entries(known['keys']).find((entry) => text(entry, 'name') === name)
  return text(object(key, `keys.${name}`), 'privatePkcs8Pem')
}
const derOf = (name: string): Uint8Array => RsaPrivateKey.fromPem(pemOf(name), { minBits: 1_024 }).publicKey.spki

/** Whose signature is not by our own hand */
interface Draft {
  opcode: number
  payload: Uint8Array
  from?: string
  to?: string
}

function message({ opcode, payload, from = 'alice', to = 'bob' }: Draft): Uint8Array {
  const bytes = unsignedMessage(BITS, { opcode, sealed: false, from: derOf(from), to: derOf(to), payload })
  const covered = bytes.subarray(BITS / 8)
  bytes.set(signPss(pemOf(from), BITS, covered, sha256(covered)))
  return bytes
}

const said = (opcode: number, value: Value, to = 'bob'): Uint8Array =>
  message({ opcode, payload: encodeValue(value), to })

const sent = (...messages: readonly Uint8Array[]): Uint8Array =>
  encodeTransmission({ compression: Compression.none, body: joinMessages(messages) })

export async function shoutVectors(): Promise<Vector[]> {
  const right = [...ownMessages(), ...originalMessages()]
  return [...(await Promise.all(right.map(understood))), ...ownRefusals(), ...originalRefusals()]
}

/** Opcodes the originals have no message of, and more than one message */
function ownMessages(): Named[] {
  const ping = said(Opcode.PING, null)
  const announce = said(Opcode.ANNOUNCE, [ADDRESS, 0], 'alice')
  const option = Opcode.SET_CONNECTION_OPT
  return [
    named('PING', sent(ping)),
    named('ACK of PING', sent(said(Opcode.ACK, [Opcode.PING]))),
    named('ANNOUNCE of a node that cannot be dialled', sent(said(Opcode.ANNOUNCE, null, 'alice'))),
    named('ANNOUNCE of an address', sent(announce)),
    named('FIND_NODE by its key', sent(said(Opcode.FIND_NODE, derOf('carol')))),
    named('FIND_NODE by its address', sent(said(Opcode.FIND_NODE, sha256(derOf('carol'))))),
    named('SET_CONNECTION_OPT connection', sent(said(option, [Option.CONNECTION, PEERS]))),
    named('NACK of CUSTOM', sent(said(Opcode.NACK, [Opcode.CUSTOM, 'chess']))),
    named('PING and ANNOUNCE in one transmission', sent(ping, announce))
  ]
}

interface Named {
  name: string
  bytes: Uint8Array
  bits: number
  openedWith?: string
}

function named(name: string, bytes: Uint8Array, bits: number = BITS): Named {
  return { name, bytes, bits }
}

function originalMessages(): Named[] {
  const messages = entries(known['messages']).map((entry) => {
    const bits = RsaPrivateKey.fromPem(pemOf(text(entry, 'from'))).publicKey.bits
    const found = named(`original: ${text(entry, 'label')}`, base64(entry, 'transmission'), bits)
    return entry['encrypted'] === true ? { ...found, openedWith: pemOf(text(entry, 'to')) } : found
  })
  // what every node has: bz2 and lzma are an application's to add
  const everywhere = entries(known['compression']).filter((entry) => /^(gzip|zlib|snappy)/.test(text(entry, 'method')))
  return [
    ...messages,
    ...everywhere.map((entry) => ({
      ...named(`original: compressed by ${text(entry, 'method')}`, base64(entry, 'transmission')),
      openedWith: pemOf('bob')
    })),
    ...entries(known['reserved_bits']).map((entry) =>
      named(`original: ${text(entry, 'label')}`, base64(entry, 'transmission'))
    ),
    {
      ...named('original: three messages', base64(object(known['batch_of_3'], 'batch_of_3'), 'transmission')),
      openedWith: pemOf('bob')
    }
  ]
}

async function understood({ name, bytes, bits, openedWith }: Named): Promise<Vector> {
  const vector: Vector = {
    name,
    hex: toHex(bytes),
    fields: { bits, ...(openedWith === undefined ? {} : { openedWith }) }
  }
  return { ...vector, fields: await readTransmission(vector), ok: true }
}

function refused(name: string, errorName: ErrorName, bytes: Uint8Array, more: JsonObject = {}): Vector {
  return { name, hex: toHex(bytes), fields: { bits: BITS, ...more }, errorName }
}

function ownRefusals(): Vector[] {
  const ping = said(Opcode.PING, null)
  const raw = (payload: Uint8Array): Uint8Array => sent(message({ opcode: Opcode.SHOUT, payload, to: 'alice' }))
  const flipped = (at: number): Uint8Array => sent(ping.map((byte, index) => (index === at ? byte ^ 1 : byte)))
  return [
    refused('PING whose opcode was changed', 'SignatureError', sent(ping.with(BITS / 8 + 4, Opcode.SHOUT << 4))),
    refused('PING whose payload was changed', 'SignatureError', sent(ping.with(ping.byteLength - 1, 0xc2))),
    refused('PING with another bit in its signature', 'SignatureError', flipped(0)),
    refused('PING whose sender is no key', 'DecodeError', flipped(BITS / 8 + 6)),
    refused('PING to no key', 'DecodeError', flipped(ping.byteLength - 2)),
    refused('PING, and a byte', 'DecodeError', sent(ping, Uint8Array.of(0))),
    refused('PING, then one with a wrong signature', 'SignatureError', sent(ping, ping.with(3, ping[3]! ^ 1))),
    refused('compression 6', 'DecodeError', sent(ping).with(1, 6)),
    refused('a compression that it is not in', 'DecodeError', sent(ping).with(1, Compression.gzip)),
    refused('lists 33 deep', 'DecodeError', raw(Uint8Array.of(...Array.from({ length: 33 }, () => 0x91), 0xc0))),
    refused('a list that ends early', 'DecodeError', raw(Uint8Array.of(0x92, 0xc0))),
    refused('a byte that begins nothing', 'DecodeError', raw(Uint8Array.of(0xc1))),
    refused('a key twice in a map', 'DecodeError', raw(Uint8Array.of(0x82, 0xa1, 0x61, 1, 0xa1, 0x61, 2))),
    refused('NACK that is no list', 'PayloadError', sent(said(Opcode.NACK, 'no'))),
    refused('ACK of nothing', 'PayloadError', sent(said(Opcode.ACK, []))),
    refused(
      'CHANGE_KEY to no key',
      'PayloadError',
      sent(said(Opcode.CHANGE_KEY, [derOf('alice'), new Uint8Array(294)]))
    ),
    refused('STORE of nothing', 'PayloadError', sent(said(Opcode.STORE, [])))
  ]
}

/** Beyond this many bytes a case says nothing that a smaller one does not */
const MAX_BYTES = 40_000

function originalRefusals(): Vector[] {
  const negative = entries(known['negative']).filter((entry) => base64(entry, 'transmission').byteLength < MAX_BYTES)
  return negative.map((entry) => {
    const [label, expected] = [text(entry, 'label'), text(entry, 'expect')]
    const to = label.includes('addressed to carol') ? 'carol' : 'bob'
    const key = label.startsWith('encrypted') ? { openedWith: pemOf(to) } : {}
    return refused(`original: ${label}`, errorNameOf(label, expected, entry), base64(entry, 'transmission'), key)
  })
}

function errorNameOf(label: string, expected: string, entry: JsonObject): ErrorName {
  if (!expected.startsWith('reject')) {
    return 'PayloadError'
  } else if (label.startsWith('encrypted')) {
    return 'SealError'
  }

  const told = has(entry, 'referenceParser') ? text(entry, 'referenceParser') : ''
  return told === 'rejected: signature' && !label.startsWith('message length') ? 'SignatureError' : 'DecodeError'
}
