import { createHash } from 'node:crypto'
import { RsaPrivateKey, RsaPublicKey } from '@hearsay/protocol-core'
import { Opcode, unseal } from '@hearsay/protocol-shout'
import { decodeMessages, decodeValue, readAnswer, readChangeKey, readStore } from '@hearsay/protocol-shout/codec'
import { toHex } from '../frames.ts'
import { integer, has, text } from '../json.ts'
import { bodiesOf } from '../shout-receive.ts'
import { bytesOf, Refusal, refusing } from './vector.ts'
import type { SignedMessage, Value } from '@hearsay/protocol-shout/codec'
import type { JsonObject } from '../json.ts'
import type { Vector } from './vector.ts'

/** Bits of an address */
const TAU = 256

/** One transmission with all its messages: signed, opened with the key at hand, and meaningful */
export async function readTransmission(vector: Vector): Promise<JsonObject> {
  const [bytes, known] = [bytesOf(vector), vector.fields!]
  const bits = integer(known, 'bits')
  const [body, ...more] = await refusing('DecodeError', async () => bodiesOf(bytes))

  if (more.length > 0) {
    throw new Error(`${more.length} transmissions too many`)
  }

  const messages = await refusing('DecodeError', () => decodeMessages(body!, bits))
  const openedWith = has(known, 'openedWith') ? text(known, 'openedWith') : undefined
  const shown = []

  for (const message of messages) {
    shown.push(await readMessage(message, bits, openedWith))
  }

  const key = openedWith === undefined ? {} : { openedWith }
  return { bits, ...key, compression: bytes[1]! & 7, messages: shown }
}

async function readMessage(message: SignedMessage, bits: number, openedWith: string | undefined): Promise<JsonObject> {
  const { opcode, sealed, from, to, signed, signature } = message

  if (!(await RsaPublicKey.fromSpki(from).verify(signed, signature, 'PSS'))) {
    throw new Refusal('SignatureError', 'the signature is wrong')
  }

  const payload = sealed ? await opened(message, openedWith) : message.payload
  const value = await refusing('DecodeError', () => decodeValue(payload))
  checkMeaning(message, value, bits)
  const signatureHex = toHex(signature)
  return { opcode, sealed, from: digest(from), to: digest(to), payloadHex: toHex(payload), signatureHex }
}

async function opened(message: SignedMessage, openedWith: string | undefined): Promise<Uint8Array> {
  if (openedWith === undefined) {
    throw new Error('fields.openedWith is missing: the key of whom it is sealed for')
  }

  return refusing('SealError', async () => unseal(RsaPrivateKey.fromPem(openedWith), message))
}

function checkMeaning({ opcode, from }: SignedMessage, value: Value, bits: number): void {
  const meanings: Readonly<Record<number, () => unknown>> = {
    [Opcode.ACK]: () => readAnswer(value),
    [Opcode.NACK]: () => readAnswer(value),
    [Opcode.CHANGE_KEY]: () => readChangeKey(value, from, bits),
    [Opcode.STORE]: () => readStore(value, TAU)
  }

  if (meanings[opcode] !== undefined && meanings[opcode]() === undefined) {
    throw new Refusal('PayloadError', `opcode ${opcode} does not say that`)
  }
}

function digest(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex')
}
