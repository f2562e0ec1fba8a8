import { decodeEnvelope, encodeEnvelope, MAX_PAYLOAD_BYTES, openRecord, signedBytes } from '@hearsay/node/dht'
import { publicKeyFromProtobuf } from '@libp2p/crypto/keys'
import { decodeDhtRequest, decodeDht, encodeDht } from '../../../packages/node/src/api/dht-messages.ts'
import { each, same } from './case.ts'
import { checkFrame, checkRefused, toHex } from './frames.ts'
import { flag, has, hex, integer, object, text } from './json.ts'
import type { DhtMessage } from '../../../packages/node/src/api/dht-messages.ts'
import type { Case, Protocol } from './case.ts'
import type { Dialect } from './frames.ts'
import type { Json, JsonObject } from './json.ts'

/** A value that makes a message of the largest size there is, less 4 bytes of header and 32 of key */
const MAX_VALUE_IN_SUCCESS = 65_535 - 4 - 32

/** In PUT, after the ttl and the replication */
const reserved = { 650: '00000000000000ff' }
export const dhtMessages: Dialect<DhtMessage> = { decode: decodeDht, encode: encodeDht, reserved }
/** What a node takes from a client */
const requests: Dialect<DhtMessage> = { decode: decodeDhtRequest, encode: encodeDht, reserved }

/** What vector files say about the DHT: its API, and the records that are ours. */
export const dht: Protocol = {
  name: 'dht',
  sections: {
    limits,
    messages: each(checkMessage),
    malformed: each((entry) => {
      checkRefused(requests, hex(entry, 'hex'), text(entry, has(entry, 'expected') ? 'expected' : 'expect'))
    }),
    records: each(checkRecord)
  }
}

function limits(section: Json): Case[] {
  const entry = object(section, 'the section')
  const ours: Record<string, number> = {
    max_value_in_PUT: MAX_PAYLOAD_BYTES,
    max_value_in_SUCCESS: MAX_VALUE_IN_SUCCESS
  }
  return Object.keys(entry).map((name) => ({
    name: `.${name}`,
    check: () => same(name, ours[name], integer(entry, name))
  }))
}

function checkMessage(entry: JsonObject): void {
  const [bytes, fields] = [hex(entry, 'hex'), object(entry['fields'], 'fields')]

  // a value has at least one byte, as the other programs' mock-up has it
  if (fields['valueHex'] === '') {
    checkRefused(requests, bytes, 'close the connection')
  } else {
    checkFrame(dhtMessages, bytes, fields)
  }
}

async function checkRecord(entry: JsonObject): Promise<void> {
  const [key, value] = [new TextEncoder().encode(text(entry, 'key')), hex(entry, 'hex')]

  if (!flag(entry, 'valid')) {
    same('whether it is taken', await isTaken(key, value), false)
    return
  }

  const envelope: Record<string, Uint8Array | number> = { ...decodeEnvelope(value) }
  const fields = Object.entries(envelope).map(([name, field]) =>
    typeof field === 'number' ? [name, field] : [`${name}Hex`, toHex(field)]
  )
  same('fields', Object.fromEntries(fields), object(entry['fields'], 'fields'))
  same('the envelope when encoded', toHex(encodeEnvelope(decodeEnvelope(value))), toHex(value))
  same('whether it is taken', await isTaken(key, value), true)
}

/** At any time: what is compared with a clock is not in a vector */
async function isTaken(key: Uint8Array, value: Uint8Array): Promise<boolean> {
  try {
    const { envelope } = openRecord(key, value)
    return await publicKeyFromProtobuf(envelope.owner).verify(signedBytes(key, envelope), envelope.signature)
  } catch {
    return false
  }
}
