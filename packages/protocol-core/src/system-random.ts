import { fromUint32 } from './random.ts'
import type { Random } from './engine.ts'

const pool = new Uint32Array(256)
let used = pool.length

/** The system's cryptographic generator, drawn 1 KiB at a time. */
export const systemRandom: Random = fromUint32(() => {
  if (used === pool.length) {
    globalThis.crypto.getRandomValues(pool)
    used = 0
  }

  return pool[used++]!
})
