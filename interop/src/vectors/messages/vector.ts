/**
 * The one schema of interop/vectors/*.json: bytes or text, and what must become of them.
 *
 * @see interop/README.md#vectors
 */
import { has, isObject, object, text } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'

/** Why something must be refused */
export const ERROR_NAMES = [
  'DecodeError',
  'SignatureError',
  'SealError',
  'PayloadError',
  'ProofError',
  'KeyError'
] as const
export type ErrorName = (typeof ERROR_NAMES)[number]

/** Exactly one of `hex` and `text`, and of `ok` and `errorName` */
export interface Vector {
  name: string
  hex?: string
  text?: string
  /** What is read from it; of what must be refused, what a reader has to know beforehand */
  fields?: JsonObject
  ok?: true
  errorName?: ErrorName
}

/**
 * What our packages read from a vector, with all its fields.
 *
 * @throws {Refusal} when they refuse it
 */
export type Reader = (vector: Vector) => JsonObject | Promise<JsonObject>

/** Refused, as some must be. */
export class Refusal extends Error {
  readonly errorName: ErrorName

  constructor(errorName: ErrorName, cause: unknown) {
    super(`${errorName}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.errorName = errorName
  }
}

/** What throws in `act` is a refusal of this name */
export async function refusing<T>(errorName: ErrorName, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (err) {
    throw new Refusal(errorName, err)
  }
}

/** @throws {Error} when it is none of the schema */
export function readVector(value: Json): Vector {
  const entry = object(value, 'the case')
  const known = new Set(['name', 'hex', 'text', 'fields', 'ok', 'errorName'])
  const strange = Object.keys(entry).filter((key) => !known.has(key))
  text(entry, 'name')

  if (strange.length > 0) {
    throw new Error(`${strange.join(', ')}: the schema has no such property`)
  } else if (has(entry, 'hex') === has(entry, 'text')) {
    throw new Error('it must have hex or text, and not both')
  } else if (has(entry, 'ok') === has(entry, 'errorName')) {
    throw new Error('it must have ok or errorName, and not both')
  } else if (has(entry, 'ok') && (entry['ok'] !== true || !isObject(entry['fields']))) {
    throw new Error('what is ok must say so by true, and have fields')
  } else if (has(entry, 'errorName') && !ERROR_NAMES.some((name) => name === entry['errorName'])) {
    throw new Error(`errorName must be one of ${ERROR_NAMES.join(', ')}`)
  }

  return entry as unknown as Vector
}

/** The bytes of it, whichever form they are in */
export function bytesOf({ hex, text: words }: Vector): Uint8Array {
  if (hex !== undefined && !/^([0-9a-f]{2})*$/.test(hex)) {
    throw new Error('hex must be bytes in lower-case hexadecimal')
  }

  return hex === undefined ? new TextEncoder().encode(words) : Uint8Array.from(Buffer.from(hex, 'hex'))
}
