import { createHash } from 'node:crypto'
import { proves } from '@hearsay/protocol-gossip/pow'
import { integer } from '../json.ts'
import { bytesOf, Refusal } from './vector.ts'
import type { JsonObject } from '../json.ts'
import type { Vector } from './vector.ts'

/** Challenge and nonce, and how many zero bits their hash must begin with */
export function readProof(vector: Vector): JsonObject {
  const bytes = bytesOf(vector)
  const bits = integer(vector.fields!, 'bits')

  if (bytes.byteLength !== 16) {
    throw new Refusal('DecodeError', `${bytes.byteLength} bytes are no challenge and nonce`)
  }

  const [challenge, nonce] = [Buffer.from(bytes).readBigUInt64BE(0), Buffer.from(bytes).readBigUInt64BE(8)]

  if (!proves(challenge, nonce, bits)) {
    throw new Refusal('ProofError', `it does not prove ${bits} bits`)
  }

  return { bits, sha256: createHash('sha256').update(bytes).digest('hex') }
}
