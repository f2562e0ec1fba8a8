import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { floorIds, Floors } from '../../src/dht/rules/floors.ts'
import { compareRanks, rankOf } from '../../src/dht/rules/order.ts'
import { ranked } from './owners.ts'
import type { RankInit } from './owners.ts'
import type { Floor } from '../../src/dht/rules/floors.ts'

const newFloors = (max = 100, isHeld: (id: string) => boolean = () => false): Floors => new Floors({ max, isHeld })

/** Judges a record, and raises the floor if it is new */
function offer(floors: Floors, rank: RankInit, key?: string, isOwned?: boolean): string {
  const record = ranked(rank, key, isOwned)
  const verdict = floors.judge(record)

  if (verdict === 'new') {
    floors.raise(record)
  }

  return verdict
}

describe.each([
  ['a plain', false],
  ['an owned', true]
])('for one owner of %s key', (_name, isOwned) => {
  const at = (floors: Floors, sequence: number, digest?: string): string =>
    offer(floors, { sequence, issuedAt: sequence, ...(digest === undefined ? {} : { digest }) }, 'k', isOwned)

  it('a higher sequence is taken', () => {
    const floors = newFloors()
    expect([1, 2, 5].map((sequence) => at(floors, sequence))).toEqual(['new', 'new', 'new'])
  })

  it('a lower one is not', () => {
    const floors = newFloors()
    at(floors, 5)
    expect([4, 1, 0].map((sequence) => at(floors, sequence))).toEqual(['older', 'older', 'older'])
  })

  it('an equal one is taken for identical bytes only', () => {
    const floors = newFloors()
    at(floors, 5, 'these')
    expect([at(floors, 5, 'these'), at(floors, 5, 'others')]).toEqual(['known', 'conflict'])
  })

  it('other keys have floors of their own', () => {
    const floors = newFloors()
    at(floors, 5)
    expect(offer(floors, { sequence: 1, issuedAt: 1 }, 'another key', isOwned)).toBe('new')
  })
})

describe('for a plain key of many owners', () => {
  it('the one that won is not followed by one that loses against it', () => {
    const floors = newFloors()
    offer(floors, { owner: 'bb', issuedAt: 10, sequence: 10 })
    expect(offer(floors, { owner: 'aa', issuedAt: 9, sequence: 99 })).toBe('outranked')
    expect(offer(floors, { owner: 'cc', issuedAt: 10, sequence: 99 })).toBe('outranked')
    expect(offer(floors, { owner: 'aa', issuedAt: 10, sequence: 1 })).toBe('new')
    expect(offer(floors, { owner: 'bb', issuedAt: 10, sequence: 10 })).toBe('outranked')
  })

  it('an owner stays bound to its own sequence', () => {
    const floors = newFloors()
    offer(floors, { owner: 'bb', issuedAt: 10, sequence: 10 })
    offer(floors, { owner: 'aa', issuedAt: 20, sequence: 1 })
    expect(offer(floors, { owner: 'bb', issuedAt: 30, sequence: 9 })).toBe('older')
  })

  it('tells when the latest was issued', () => {
    const floors = newFloors()
    expect(floors.latestIssuedAt('k')).toBe(0)
    offer(floors, { issuedAt: 10, sequence: 1 })
    offer(floors, { issuedAt: 5, sequence: 2 })
    expect(floors.latestIssuedAt('k')).toBe(10)
  })

  it('never goes back, whatever comes', () => {
    const rank = fc.record({ owner: fc.constantFrom('aa', 'bb'), issuedAt: fc.nat(5), sequence: fc.nat(5) })
    fc.assert(
      fc.property(fc.array(rank, { maxLength: 30 }), (ranks) => {
        const floors = newFloors()
        const taken = ranks.filter((each) => offer(floors, each) === 'new').map((each) => rankOf(ranked(each)))
        expect(taken.slice(1).every((each, i) => compareRanks(each, taken[i]!, false) > 0)).toBe(true)
      })
    )
  })
})

describe('floors', () => {
  it('that are too many leave, the one not raised for longest first', () => {
    const floors = newFloors(4)
    offer(floors, { sequence: 1 }, 'a', true)
    offer(floors, { sequence: 1 }, 'b', true)
    offer(floors, { sequence: 2 }, 'a', true)
    offer(floors, { sequence: 1 }, 'c', true)
    offer(floors, { sequence: 1 }, 'd', true)
    const changes = floors.raise(ranked({ sequence: 1 }, 'e', true))
    expect(changes.map(([id, floor]) => [id, floor?.sequence])).toEqual([
      ['e aa', 1],
      ['b aa', undefined]
    ])
    expect(floors.size).toBe(4)
    expect(offer(floors, { sequence: 1 }, 'a', true)).toBe('older')
  })

  it('of values held here never leave', () => {
    const held = new Set([...floorIds('a', 'aa', false), ...floorIds('b', 'aa', true)])
    const floors = newFloors(6, (id) => held.has(id))
    offer(floors, { sequence: 9 }, 'a')
    offer(floors, { sequence: 9 }, 'b', true)

    for (let i = 0; i < 1_000; i++) {
      offer(floors, { sequence: 1 }, `other ${i}`)
    }

    expect(floors.size).toBe(6)
    expect([offer(floors, { sequence: 8 }, 'a'), offer(floors, { sequence: 8 }, 'b', true)]).toEqual(['older', 'older'])
  })

  it('are the same after their changes were stored and loaded', () => {
    const stored = new Map<string, Floor>()
    const nothingIsHeld = (): boolean => false
    const [before, after] = [newFloors(5, nothingIsHeld), newFloors(5, nothingIsHeld)]

    for (let i = 0; i < 20; i++) {
      for (const [id, floor] of before.raise(ranked({ sequence: i, issuedAt: i }, `key ${i % 4}`))) {
        stored.delete(id)

        if (floor !== undefined) {
          stored.set(id, floor)
        }
      }
    }

    stored.forEach((floor, id) => after.load(id, floor))
    expect(after).toEqual(before)
  })
})
