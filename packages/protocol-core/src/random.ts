import type { Random } from './engine.ts'

/**
 * A seeded generator (sfc32) for tests and simulations: fast, repeatable, not for secrets.
 *
 * @param seed - any integer; equal seeds give equal sequences
 */
export function seededRandom(seed: number): Random {
  let [a, b, c, counter] = [seed | 0, Math.floor(seed / 2 ** 32) | 0, 0x9e3779b9 | 0, 1]

  const next = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return sum >>> 0
  }

  for (let i = 0; i < 12; i++) {
    next()
  }

  return fromUint32(next)
}

/** A `Random` over any source of uniform 32-bit integers. */
export function fromUint32(next: () => number): Random {
  return {
    below(bound) {
      // values past the last whole multiple of `bound` would favour small results: draw again
      const limit = 2 ** 32 - (2 ** 32 % bound)
      let value = next()

      while (value >= limit) {
        value = next()
      }

      return value % bound
    },
    uint64: () => (BigInt(next()) << 32n) | BigInt(next())
  }
}

/** Up to `count` different items in random order. The input is left as it is. */
export function sample<T>(items: readonly T[], count: number, random: Random): T[] {
  const pool = items.slice()
  const taken = Math.min(count, pool.length)

  for (let i = 0; i < taken; i++) {
    const j = i + random.below(pool.length - i)
    const item = pool[j]!
    pool[j] = pool[i]!
    pool[i] = item
  }

  pool.length = taken
  return pool
}

/** All items in random order. The input is left as it is. */
export function shuffle<T>(items: readonly T[], random: Random): T[] {
  return sample(items, items.length, random)
}
