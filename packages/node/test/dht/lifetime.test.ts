import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Alarm } from '../../src/dht/alarm.ts'
import { nextRefresh, nextRetry, stamp, timeProblem } from '../../src/dht/rules/lifetime.ts'
import { ranked } from './owners.ts'

const NOW = 1_700_000_000_000
const SECOND = 1_000

describe('the times of a value', () => {
  const at = (issuedAt: number, expiresAt: number, replication = 3): string | undefined =>
    timeProblem({ ...ranked({ issuedAt, expiresAt }).envelope, replication }, NOW)

  it.each([
    ['now, for a second', NOW, NOW + SECOND],
    ['long ago, for another ms', NOW - 65_534 * SECOND, NOW + 1],
    ['a minute ahead of our clock', NOW + 60_000, NOW + 60_001],
    ['for as long as there is', NOW, NOW + 65_535 * SECOND]
  ])('may be %s', (_name, issuedAt, expiresAt) => {
    expect(at(issuedAt, expiresAt)).toBeUndefined()
  })

  it.each([
    ['expired this very ms', NOW - SECOND, NOW, 'it has expired'],
    ['expired before it was issued', NOW + 2, NOW + 1, 'its lifetime is longer than allowed'],
    ['more than a minute ahead', NOW + 60_001, NOW + 70_000, 'it was issued too far in the future'],
    ['for 1 ms more than there is', NOW, NOW + 65_535 * SECOND + 1, 'its lifetime is longer than allowed'],
    ['for as long as numbers go', 0, Number.MAX_SAFE_INTEGER, 'its lifetime is longer than allowed']
  ])('may not be %s', (_name, issuedAt, expiresAt, why) => {
    expect(at(issuedAt, expiresAt)).toBe(why)
  })

  it.each([
    [0, 'it wants too few or too many copies'],
    [1, undefined],
    [20, undefined],
    [21, 'it wants too few or too many copies']
  ])('with %i copies wanted', (replication, problem) => {
    expect(at(NOW, NOW + SECOND, replication)).toBe(problem)
  })
})

describe('whatever times a peer sends (T18)', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())
  const time = fc.oneof(
    fc.maxSafeNat(),
    fc.integer({ min: -70_000_000, max: 70_000_000 }).map((each) => NOW + each)
  )

  it('none that is taken expires later than a minute and the longest life from now', () => {
    fc.assert(
      fc.property(time, time, (issuedAt, expiresAt) => {
        const isTaken = timeProblem({ ...ranked({ issuedAt, expiresAt }).envelope, replication: 1 }, NOW) === undefined
        expect(isTaken && expiresAt > NOW + 60_000 + 65_535_000).toBe(false)
      }),
      { numRuns: 5_000 }
    )
  })

  it('no timer is longer than half a minute', () => {
    const set = vi.spyOn(globalThis, 'setTimeout')
    const alarm = new Alarm(() => {})
    fc.assert(
      fc.property(time, (at) => {
        alarm.set(at)
        const wait = set.mock.lastCall![1]!
        expect(wait >= 0 && wait <= 30_000).toBe(true)
      })
    )
    alarm.set(undefined)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a new value', () => {
  it('has the time as its sequence, or one more than the last', () => {
    expect(stamp(NOW, 0, 0)).toEqual({ sequence: NOW, issuedAt: NOW })
    expect(stamp(NOW, NOW, 0).sequence).toBe(NOW + 1)
    expect(stamp(NOW, NOW + 5_000, 0).sequence).toBe(NOW + 5_001)
  })

  it('is issued after the latest that is known, though our clock lags', () => {
    expect(stamp(NOW, 0, NOW).issuedAt).toBe(NOW + 1)
    expect(stamp(NOW, 0, NOW + 20_000).issuedAt).toBe(NOW + 20_001)
  })

  it('is never issued so far ahead that others would not take it', () => {
    expect(stamp(NOW, 0, NOW + 59_000).issuedAt).toBe(NOW)
  })
})

describe('a value is placed again', () => {
  const life = { issuedAt: NOW, expiresAt: NOW + 100 * SECOND }

  it.each([
    ['at its half-life', 0, 50],
    ['at its half-life, also when asked just before', 49.999, 50],
    ['then at half of what is left', 50, 75],
    ['and so on', 75, 87.5]
  ])('%s', (_name, now, next) => {
    expect(nextRefresh(life, NOW + now * SECOND)).toBe(NOW + next * SECOND)
  })

  it('no more when less than 20 s are left', () => {
    expect(nextRefresh(life, NOW + 80 * SECOND)).toBe(NOW + 90 * SECOND)
    expect(nextRefresh(life, NOW + 80 * SECOND + 1)).toBeUndefined()
    expect(nextRefresh({ issuedAt: NOW, expiresAt: NOW + 5_000 }, NOW + 2_500)).toBeUndefined()
  })

  it.each([
    [1, 1],
    [2, 2],
    [3, 4],
    [6, 32],
    [7, 50],
    [1_000, 50]
  ])('after %i attempts with too few copies, in %i s, and no later than otherwise', (attempts, seconds) => {
    expect(nextRetry(life, attempts, NOW)).toBe(NOW + seconds * SECOND)
  })

  it('not after it has expired', () => {
    expect(nextRetry(life, 1, NOW + 99 * SECOND)).toBeUndefined()
    expect(nextRetry(life, 1, NOW + 98 * SECOND)).toBe(NOW + 99 * SECOND)
  })
})
