import { SeenSet, seededRandom } from '@hearsay/protocol-core/pure'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const random = seededRandom(1)
const digest = (first?: number): Uint32Array =>
  Uint32Array.from({ length: 4 }, (_, i) => (i === 0 && first !== undefined ? first : random.below(2 ** 32)))

describe('SeenSet', () => {
  it('knows what it has seen', () => {
    const seen = new SeenSet({ size: 10, minAge: 0, maxSize: 10 })
    const [a, b] = [digest(), digest()]
    expect(seen.add(a, 0)).toBe(true)
    expect(seen.add(a, 1)).toBe(false)
    expect(seen.has(a)).toBe(true)
    expect(seen.has(b)).toBe(false)
  })

  it('copies the digest it is given', () => {
    const seen = new SeenSet({ size: 10, minAge: 0, maxSize: 10 })
    const [shared, first] = [digest(), digest()]
    shared.set(first)
    seen.add(shared, 0)
    shared.fill(7)
    expect(seen.has(first)).toBe(true)
  })

  it('forgets the oldest when it is full of old ones', () => {
    const seen = new SeenSet({ size: 2, minAge: 100, maxSize: 100 })
    const [a, b, c] = [digest(), digest(), digest()]
    seen.add(a, 0)
    seen.add(b, 50)
    seen.add(c, 100)
    expect([a, b, c].map((each) => seen.has(each))).toEqual([false, true, true])
  })

  it('keeps the young ones beyond its size, up to the maximum', () => {
    const seen = new SeenSet({ size: 2, minAge: 100, maxSize: 5 })
    const all = Array.from({ length: 6 }, () => digest())
    all.forEach((each, i) => seen.add(each, i))
    expect(all.map((each) => seen.has(each))).toEqual([false, true, true, true, true, true])
  })

  it('shrinks back once the young ones have aged', () => {
    const seen = new SeenSet({ size: 10, minAge: 100, maxSize: 1_000 })

    for (let i = 0; i < 500; i++) {
      seen.add(digest(), 0)
    }

    for (let i = 0; i < 500; i++) {
      seen.add(digest(), 200 + i)
    }

    expect(seen.size).toBeLessThan(110)
  })

  it('does as a plain map would, with digests that collide in the table', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 3 })), {
      maxLength: 400,
      size: 'max'
    })

    fc.assert(
      fc.property(steps, (all) => {
        const seen = new SeenSet({ size: 8, minAge: 5, maxSize: 16 })
        const model = new Map<number, number>()
        let now = 0

        for (const [key, wait] of all) {
          now += wait
          const isNew = !model.has(key)
          // few first words, so that probe runs are long and cross each other
          expect(seen.add(Uint32Array.of(key % 3, key, 0, 0), now)).toBe(isNew)

          if (isNew) {
            for (let i = 0; i < 2; i++) {
              const [oldest] = model
              if (oldest !== undefined && model.size >= 8 && now - oldest[1] >= 5) {
                model.delete(oldest[0])
              }
            }

            const [oldest] = model
            if (model.size >= 16) {
              model.delete(oldest![0])
            }

            model.set(key, now)
          }

          expect(seen.size).toBe(model.size)
        }
      })
    )
  })

  it('takes a million digests within 64 MiB, in constant time each (T17)', () => {
    globalThis.gc?.()
    const before = process.memoryUsage().rss
    const seen = new SeenSet({ size: 65_536, minAge: 120_000, maxSize: 65_536 * 16 })
    const scratch = new Uint32Array(4)
    const rates: number[] = []

    for (let part = 0; part < 10; part++) {
      const start = performance.now()

      for (let i = 0; i < 100_000; i++) {
        scratch.set([random.below(2 ** 32), part, i, 0])
        seen.add(scratch, part)
      }

      rates.push(performance.now() - start)
    }

    expect(seen.size).toBe(1_000_000)
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20)
    // the last hundred thousand may cost what growing costs, not ten times the first
    expect(Math.min(...rates.slice(5))).toBeLessThan(10 * Math.max(rates[0]!, 10))
  })
})
