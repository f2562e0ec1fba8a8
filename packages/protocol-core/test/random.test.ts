import { systemRandom } from '@hearsay/protocol-core'
import { sample, seededRandom, shuffle } from '@hearsay/protocol-core/pure'
import { describe, expect, it } from 'vitest'

describe.each([
  ['seeded', seededRandom(7)],
  ['system', systemRandom]
])('%s randomness', (_name, random) => {
  it('is uniform', () => {
    const counts = [0, 0, 0, 0, 0, 0]

    for (let i = 0; i < 60_000; i++) {
      counts[random.below(6)]!++
    }

    // five standard deviations of a fair die
    expect(Math.max(...counts.map((count) => Math.abs(count - 10_000)))).toBeLessThan(460)
  })

  it('reaches all of its range and nothing beyond', () => {
    expect(random.below(1)).toBe(0)
    const large = Array.from({ length: 1_000 }, () => random.below(2 ** 32))
    expect(Math.max(...large)).toBeGreaterThan(2 ** 31)
    const words = Array.from({ length: 1_000 }, () => random.uint64())
    expect(words.every((word) => word >= 0n && word < 2n ** 64n)).toBe(true)
    expect(new Set(words).size).toBe(1_000)
  })

  it('samples without repetition and leaves the input alone', () => {
    const items = [1, 2, 3, 4, 5]
    expect(new Set(sample(items, 3, random)).size).toBe(3)
    expect(sample(items, 9, random).toSorted((a, b) => a - b)).toEqual(items)
    expect(shuffle(items, random).toSorted((a, b) => a - b)).toEqual(items)
    expect(items).toEqual([1, 2, 3, 4, 5])
  })
})

it('repeats itself by seed, and only by seed', () => {
  const draw = (seed: number): number[] => {
    const random = seededRandom(seed)
    return Array.from({ length: 20 }, () => random.below(2 ** 32))
  }
  expect(draw(42)).toEqual(draw(42))
  expect(draw(42)).not.toEqual(draw(43))
  expect(draw(42)).not.toEqual(draw(42 + 2 ** 40))
})
