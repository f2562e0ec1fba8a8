import { describe, expect, it } from 'vitest'
import { floorIds } from '../../src/dht/rules/floors.ts'
import { Holdings } from '../../src/dht/rules/holdings.ts'
import { ranked } from './owners.ts'
import type { RankInit } from './owners.ts'

const newHoldings = (maxRecords = 10, maxBytes = 1_000): Holdings => new Holdings({ maxRecords, maxBytes })

/** @returns why it was not added */
function offer(holdings: Holdings, rank: RankInit, key = 'k', bytes = 10): string | undefined {
  const record = ranked(rank, key)
  const refusal = holdings.refusal(record, bytes, 0)

  if (refusal === undefined) {
    holdings.add(record, bytes)
  }

  return refusal
}

describe('what is held', () => {
  it('is replaced by what wins over it, and by itself', () => {
    const holdings = newHoldings()
    expect(offer(holdings, { issuedAt: 1 })).toBeUndefined()
    expect(offer(holdings, { issuedAt: 1 })).toBeUndefined()
    expect(offer(holdings, { issuedAt: 2 })).toBeUndefined()
    expect(holdings.size).toBe(1)
  })

  it('is not replaced by what loses', () => {
    const holdings = newHoldings()
    offer(holdings, { issuedAt: 2 })
    expect(offer(holdings, { issuedAt: 1 })).toBe('the value held wins over it')
    expect(offer(holdings, { issuedAt: 2, digest: 'other bytes' })).toBe('the value held wins over it')
  })

  it('is replaced by anything once it has expired', () => {
    const holdings = newHoldings()
    holdings.add(ranked({ issuedAt: 2, expiresAt: 5 }), 10)
    expect(holdings.refusal(ranked({ issuedAt: 1 }), 10, 4)).toBe('the value held wins over it')
    expect(holdings.refusal(ranked({ issuedAt: 1 }), 10, 5)).toBeUndefined()
  })

  it('is nothing that has expired', () => {
    expect(newHoldings().refusal(ranked({ expiresAt: 5 }), 10, 5)).toBe('it has expired')
  })

  it('is at most so many records: one more is refused, a newer one of the same key is not', () => {
    const holdings = newHoldings(2)
    offer(holdings, {}, 'a')
    offer(holdings, {}, 'b')
    expect(offer(holdings, {}, 'c')).toBe('2 values are held, which is all there is room for')
    expect(offer(holdings, { issuedAt: 1 }, 'a')).toBeUndefined()
    holdings.remove('b')
    expect(offer(holdings, {}, 'c')).toBeUndefined()
  })

  it('is at most so many bytes, where a replaced record counts no longer', () => {
    const holdings = newHoldings(10, 100)
    offer(holdings, {}, 'a', 60)
    expect(offer(holdings, {}, 'b', 41)).toBe('60 bytes are held, which is all there is room for')
    expect(offer(holdings, { issuedAt: 1 }, 'a', 100)).toBeUndefined()
    expect(offer(holdings, { issuedAt: 2 }, 'a', 10)).toBeUndefined()
    expect(offer(holdings, {}, 'b', 90)).toBeUndefined()
  })

  it('keeps its floors, until it goes', () => {
    const holdings = newHoldings()
    offer(holdings, { owner: 'aa', issuedAt: 1 })
    const [key, owner] = floorIds('k', 'aa', false)
    expect([holdings.holds(key!), holdings.holds(owner!)]).toEqual([true, true])
    offer(holdings, { owner: 'bb', issuedAt: 2 })
    expect([holdings.holds(key!), holdings.holds(owner!)]).toEqual([true, false])
    holdings.remove('k')
    expect(holdings.holds(key!)).toBe(false)
  })

  it('goes in the order of expiry', () => {
    const holdings = newHoldings()
    holdings.add(ranked({ expiresAt: 30 }, 'late'), 1)
    holdings.add(ranked({ expiresAt: 10 }, 'early'), 1)
    holdings.add(ranked({ expiresAt: 20 }, 'gone'), 1)
    holdings.remove('gone')
    expect(holdings.nextExpiry()).toBe(10)
    expect(holdings.takeExpired(9)).toBeUndefined()
    expect(holdings.takeExpired(10)).toBe('early')
    expect(holdings.takeExpired(29)).toBeUndefined()
    expect([holdings.takeExpired(30), holdings.takeExpired(30)]).toEqual(['late', undefined])
    expect([holdings.size, holdings.nextExpiry()]).toEqual([0, undefined])
  })

  it('lives as long as its newest value', () => {
    const holdings = newHoldings()
    holdings.add(ranked({ expiresAt: 10 }), 1)
    holdings.add(ranked({ expiresAt: 30 }), 1)
    expect(holdings.takeExpired(10)).toBeUndefined()
    expect(holdings.nextExpiry()).toBe(30)
  })
})
