import { hash } from 'node:crypto'
import { unseal } from './rules/sealed.ts'
import type { Sealed } from './rules/sealed.ts'

/** In hexadecimal digits */
export function sha256Hex(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex')
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer')
}

/** @throws {DecodeError} when key or envelope are malformed, or do not belong together */
export function openRecord(key: Uint8Array, value: Uint8Array): Sealed {
  return unseal(key, value, sha256Hex)
}
