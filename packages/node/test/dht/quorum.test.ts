import { describe, expect, it } from 'vitest'
import { isQuorum } from '../../src/dht/rules/quorum.ts'
import { ranked } from './owners.ts'
import type { Sealed } from '../../src/dht/rules/sealed.ts'

/** So many copies of a value whose owner wanted so many */
function copies(count: number, wanted: number, issuedAt = 1): Sealed[] {
  const record = ranked({ issuedAt })
  return Array.from({ length: count }, () => ({ ...record, envelope: { ...record.envelope, replication: wanted } }))
}

describe('a walk has seen enough', () => {
  it.each([
    ['nothing', [], false],
    ['fewer copies than the owner wanted', copies(2, 3), false],
    ['as many', copies(3, 3), true],
    ['one, where one was wanted', copies(1, 1), false],
    ['two, where one was wanted', copies(2, 1), true],
    ['as many of an older value, and one of a newer', [...copies(3, 3), ...copies(1, 3, 2)], false],
    ['as many of the newer value, and some of an older', [...copies(1, 3), ...copies(3, 3, 2)], true]
  ])('when that was %s: %#', (_name, records, enough) => {
    expect(isQuorum(records)).toBe(enough)
  })
})
