import { isDeepStrictEqual } from 'node:util'

/** @throws {Error} when they differ */
export function expect(what: string, actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Error(`${what}: expected ${shown(expected)}, got ${shown(actual)}`)
  }
}

/** In characters of a message */
const MAX_SHOWN = 1_000

function shown(value: unknown): string {
  // of undefined it makes undefined
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
}
