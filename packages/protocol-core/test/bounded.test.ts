import { BoundedMap } from '@hearsay/protocol-core/pure'
import { describe, expect, it } from 'vitest'

describe('BoundedMap', () => {
  it('lets the oldest entry go for a new one, and says which', () => {
    const map = new BoundedMap<string, number>(2)
    expect(map.set('a', 1)).toBeUndefined()
    expect(map.set('b', 2)).toBeUndefined()
    expect(map.set('c', 3)).toEqual(['a', 1])
    expect([...map]).toEqual([
      ['b', 2],
      ['c', 3]
    ])
  })

  it('keeps its bound over a million keys', () => {
    const map = new BoundedMap<number, true>(1_000)

    for (let i = 0; i < 1_000_000; i++) {
      map.set(i, true)
    }

    expect(map.size).toBe(1_000)
    expect(map.has(999_000)).toBe(true)
    expect(map.has(998_999)).toBe(false)
  })

  it('moves a key that is set again to the young end', () => {
    const map = new BoundedMap<string, number>(2)
    map.set('a', 1)
    map.set('b', 2)
    map.set('a', 3)
    expect(map.set('c', 4)).toEqual(['b', 2])
    expect(map.take('a')).toBe(3)
    expect(map.has('a')).toBe(false)
    expect(map.take('a')).toBeUndefined()
  })
})
