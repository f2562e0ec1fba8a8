import { hash } from 'node:crypto'

/** SHA-256 without a promise, as fast as the machine can */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer')
}
