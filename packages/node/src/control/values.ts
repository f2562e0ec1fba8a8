/**
 * Values of shout as JSON. What JSON has not is an object with one member: `{ "$bytes": "<base64>" }`,
 * `{ "$integer": "<decimal>" }` beyond what a number holds, `{ "$number": "NaN" }` and the infinities.
 */
import { InvalidParametersError } from '@hearsay/protocol-core/pure'
import type { Value } from '@hearsay/protocol-shout'

/** As the protocol has it: deeper is no value */
const MAX_DEPTH = 32
const SPECIAL: Readonly<Record<string, number>> = { NaN, Infinity, '-Infinity': -Infinity }

/** @throws {InvalidParametersError} when it is nested too deep, or one of the special objects is malformed */
export function valueOf(json: unknown, depth = 0): Value {
  if (depth > MAX_DEPTH) {
    throw new InvalidParametersError('value', `may be nested ${MAX_DEPTH} deep, and is deeper`)
  } else if (Array.isArray(json)) {
    return json.map((each) => valueOf(each, depth + 1))
  } else if (typeof json === 'object' && json !== null) {
    const entries = Object.entries(json)
    return entries.length === 1 && SPECIALS.has(entries[0]![0])
      ? special(...(entries[0] as [string, unknown]))
      : mapOf(entries.map(([key, each]) => [key, valueOf(each, depth + 1)]))
  } else if (json === undefined) {
    throw new InvalidParametersError('value', 'is missing')
  }

  return json as Value
}

export function jsonOf(value: Value): unknown {
  if (typeof value === 'bigint') {
    return { $integer: String(value) }
  } else if (typeof value === 'number') {
    return Number.isFinite(value) ? value : { $number: String(value) }
  } else if (value instanceof Uint8Array) {
    return { $bytes: Buffer.from(value).toString('base64') }
  } else if (Array.isArray(value)) {
    return (value as readonly Value[]).map(jsonOf)
  } else if (typeof value === 'object' && value !== null) {
    return mapOf(Object.entries(value).map(([key, each]) => [key, jsonOf(each)]))
  }

  return value
}

const SPECIALS: ReadonlySet<string> = new Set(['$bytes', '$integer', '$number'])

function special(name: string, text: unknown): Value {
  if (typeof text === 'string') {
    if (name === '$bytes' && /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
      return new Uint8Array(Buffer.from(text, 'base64'))
    } else if (name === '$integer' && /^-?\d{1,20}$/.test(text)) {
      return BigInt(text)
    } else if (name === '$number' && Object.hasOwn(SPECIAL, text)) {
      return SPECIAL[text]!
    }
  }

  const allowed = '"$bytes" with base64, "$integer" with decimal digits, or "$number" with NaN, Infinity or -Infinity'
  throw new InvalidParametersError('value', `holds ${name}, and may hold ${allowed}`)
}

/** Whatever its keys are called */
function mapOf<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  const map: Record<string, T> = Object.create(null) as Record<string, T>

  for (const [key, value] of entries) {
    map[key] = value
  }

  return map
}
