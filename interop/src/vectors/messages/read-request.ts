import { RecordVerifier } from '@hearsay/protocol-cup2py'
import { decode, encode } from '@hearsay/protocol-cup2py/codec'
import { same } from '../case.ts'
import { toHex } from '../frames.ts'
import { bytesOf, Refusal, refusing } from './vector.ts'
import type { Message } from '@hearsay/protocol-cup2py/codec'
import type { JsonObject } from '../json.ts'
import type { Vector } from './vector.ts'

const verifier = new RecordVerifier({ minBits: 2_048 })

/** An UPDATE or a SEARCH whose record is signed; it is encoded again */
export async function readRequest(vector: Vector): Promise<JsonObject> {
  const bytes = bytesOf(vector)
  const message = await refusing('DecodeError', () => decode(bytes))
  const verdict = await verifier.verify(message.type === 'update' ? message.record : message.sender)

  if (verdict !== 'valid') {
    throw new Refusal(verdict === 'unsupported' ? 'KeyError' : 'SignatureError', verdict)
  }

  same('the request when encoded', toHex(encode(message)), toHex(bytes))
  return requestFields(message)
}

export function requestFields(message: Message): JsonObject {
  const { type, depth, checked } = message
  const { hash, address, date, signature } = type === 'update' ? message.record : message.sender
  const target = type === 'search' ? { target: message.target } : {}
  return { type, ...target, hash, address, date, signature, depth, checked: [...checked] }
}
