/**
 * Where keys and values stand in the table: the last τ bits of a SHA-256, compared by XOR.
 *
 * @see docs/specs/shout.md#table
 */
import { DecodeError, Sha256 } from '@hearsay/protocol-core/pure'
import type { Value } from './msgpack.ts'

const HASH_BYTES = 32
const utf8 = new TextEncoder()

/** The address of a node's key (DER), or of a value's. @param tau - bits, a multiple of 8 up to 256 */
export function addressOf(key: Uint8Array, tau: number): Uint8Array {
  return Sha256.digest(key).subarray(HASH_BYTES - tau / 8)
}

/** The bytes of a value's key. @throws {DecodeError} unless it is a string or bytes */
export function bytesOfKey(key: Value | undefined): Uint8Array {
  if (typeof key === 'string') {
    return utf8.encode(key)
  } else if (key instanceof Uint8Array) {
    return key
  }

  throw new DecodeError('a key is a string or bytes')
}

export function distance(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ b[i]!)
}

/** Negative if `a` is closer to `target` than `b` */
export function compareDistance(target: Uint8Array, a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < target.byteLength; i++) {
    const difference = (a[i]! ^ target[i]!) - (b[i]! ^ target[i]!)

    if (difference !== 0) {
      return difference
    }
  }

  return 0
}

/** Leading bits two addresses have in common */
export function commonBits(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.byteLength; i++) {
    const difference = a[i]! ^ b[i]!

    if (difference !== 0) {
      return 8 * i + Math.clz32(difference) - 24
    }
  }

  return 8 * a.byteLength
}
