import { createHash } from 'node:crypto'
import { decodeEnvelope, encodeEnvelope, signedBytes } from '@hearsay/node/dht'
import { publicKeyFromProtobuf } from '@libp2p/crypto/keys'
import { parseRecordKey } from '../../../../packages/node/src/dht/rules/record-key.ts'
import { same } from '../case.ts'
import { toHex } from '../frames.ts'
import { text } from '../json.ts'
import { bytesOf, Refusal, refusing } from './vector.ts'
import type { JsonObject } from '../json.ts'
import type { Vector } from './vector.ts'

/** A value as kad-dht stores it under a key; at any time, as clocks are not in a vector */
export async function readRecord(vector: Vector): Promise<JsonObject> {
  const [bytes, key] = [bytesOf(vector), text(vector.fields!, 'key')]
  const keyBytes = new TextEncoder().encode(key)
  const { owner } = await refusing('KeyError', () => parseRecordKey(keyBytes))
  const envelope = await refusing('DecodeError', () => decodeEnvelope(bytes))

  if (owner !== undefined && toHex(owner) !== createHash('sha256').update(envelope.owner).digest('hex')) {
    throw new Refusal('KeyError', 'the key belongs to another owner')
  }

  const valid = await refusing('SignatureError', () =>
    publicKeyFromProtobuf(envelope.owner).verify(signedBytes(keyBytes, envelope), envelope.signature)
  )

  if (!valid) {
    throw new Refusal('SignatureError', 'the signature is wrong')
  }

  same('the envelope when encoded', toHex(encodeEnvelope(envelope)), toHex(bytes))
  const { owner: ownerKey, payload, signature, ...numbers } = envelope
  const [ownerHex, payloadHex, signatureHex] = [ownerKey, payload, signature].map(toHex) as [string, string, string]
  return { key, ...numbers, ownerHex, payloadHex, signatureHex }
}
