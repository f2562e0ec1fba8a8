import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bestOf, supersedes } from '../../src/dht/rules/order.ts'
import { ranked } from './owners.ts'
import type { RankInit } from './owners.ts'

const wins = (a: RankInit, b: RankInit, isOwned = false): boolean[] => [
  supersedes(ranked(a, 'k', isOwned), ranked(b, 'k', isOwned)),
  supersedes(ranked(b, 'k', isOwned), ranked(a, 'k', isOwned))
]

describe('of two values for a plain key wins', () => {
  it('the one issued last, whatever its owner and sequence', () => {
    expect(wins({ issuedAt: 2, owner: 'bb', sequence: 1 }, { issuedAt: 1, owner: 'aa', sequence: 9 })).toEqual([
      true,
      false
    ])
  })

  it('then that of the lowest owner key', () => {
    expect(wins({ issuedAt: 1, owner: 'aa', sequence: 1 }, { issuedAt: 1, owner: 'bb', sequence: 9 })).toEqual([
      true,
      false
    ])
  })

  it('then the one with the highest sequence', () => {
    expect(wins({ sequence: 2 }, { sequence: 1 })).toEqual([true, false])
  })

  it('then one and the same for everybody', () => {
    expect(wins({ digest: 'a' }, { digest: 'b' })).toEqual([true, false])
    expect(wins({ digest: 'a' }, { digest: 'a' })).toEqual([false, false])
  })
})

describe('of two values for an owned key wins', () => {
  it('the one with the highest sequence, whenever it was issued', () => {
    expect(wins({ sequence: 2, issuedAt: 1 }, { sequence: 1, issuedAt: 2 }, true)).toEqual([true, false])
  })
})

describe('the best of many', () => {
  const small = fc.nat(3)
  const record = fc
    .record({ issuedAt: small, sequence: small, owner: fc.constantFrom('aa', 'bb', 'cc') })
    .map((rank) => ranked(rank))
  const owned = record.map(({ envelope }) =>
    ranked({ sequence: envelope.sequence, issuedAt: envelope.issuedAt }, 'k', true)
  )

  it.each([
    ['a plain', record],
    ['an owned', owned]
  ])('of %s key is the same in whatever order they come', (_name, arbitrary) => {
    const lists = fc
      .array(arbitrary, { minLength: 1, maxLength: 8 })
      .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })))
    fc.assert(
      fc.property(lists, ([list, shuffled]) => {
        expect(shuffled[bestOf(shuffled)]!.digest).toBe(list[bestOf(list)]!.digest)
      })
    )
  })

  it('is superseded by none of them', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 8 }), (list) => {
        expect(list.some((each) => supersedes(each, list[bestOf(list)]!))).toBe(false)
      })
    )
  })
})
