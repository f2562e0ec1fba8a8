import { same } from '../case.ts'
import { encoded, fieldsOf, receive, toHex, withoutReserved } from '../frames.ts'
import { bytesOf, Refusal } from './vector.ts'
import type { Dialect } from '../frames.ts'
import type { JsonObject } from '../json.ts'
import type { Vector } from './vector.ts'

/** One frame, and nothing besides; it is encoded again */
export function readFrame<Message extends { type: string }>(dialect: Dialect<Message>, vector: Vector): JsonObject {
  const bytes = bytesOf(vector)
  const { messages, accepted, refused } = receive(dialect, bytes)
  const [message, ...more] = messages

  if (refused !== undefined) {
    throw new Refusal('DecodeError', refused)
  } else if (message === undefined || more.length > 0 || accepted !== bytes.byteLength) {
    throw new Error(`${messages.length} messages of ${accepted} bytes, and must be one of ${bytes.byteLength}`)
  }

  same('the frame when encoded', toHex(encoded(dialect, message)), toHex(withoutReserved(dialect, bytes)))
  return fieldsOf(dialect, bytes, message)
}
