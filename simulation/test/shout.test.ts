import { seededRandom } from '@hearsay/protocol-core/pure'
import { describe, expect, it } from 'vitest'
import { broadcast, formulas, serve } from '../src/shout/broadcast.ts'
import { limited, neighboursOf, saturated, worstCase } from '../src/shout/connections.ts'
import type { CreateRelay } from '../src/shout/broadcast.ts'

describe('one broadcast costs', () => {
  it.each([1, 2, 3, 5, 9, 10, 19, 100])('(n − 1)² on a saturated network of %i', (n) => {
    const { messages, lag, reached } = broadcast(saturated(n), n - 1)
    expect([messages, lag, reached]).toEqual([(n - 1) ** 2, n === 1 ? 0 : 1, n])
  })

  describe.each([1, 2, 4, 8])('with ℓ = %i', (l) => {
    it.each([2 * l + 2, 19, 50, 100])('(2ℓ − 1)n + 1 on a limited network of %i, within the lag', (n) => {
      const network = limited(n, l, seededRandom(n))
      const { messages, lag, reached } = broadcast(network, 0)
      expect([messages, reached]).toEqual([(2 * l - 1) * n + 1, n])
      expect(lag).toBeLessThanOrEqual(Math.ceil(Math.max((n - 2) / l, 1)))
    })
  })

  it('more where a relay does not remember what it has seen', () => {
    const forgetful: CreateRelay = (_self, neighbours) => {
      let times = 0
      return { publish: () => neighbours, receive: (from) => (times++ < 2 ? neighbours.filter((n) => n !== from) : []) }
    }
    expect(broadcast(saturated(5), 0, forgetful).messages).toBeGreaterThan(16)
  })
})

describe('a limited network', () => {
  it.each([1, 2, 8])('has exactly ℓ = %i connections initiated by each, no two of a pair', (l) => {
    const { initiated } = limited(60, l, seededRandom(l))
    const pairs = new Set(initiated.map((pair) => pair.toSorted((a, b) => a - b).join()))
    const by = Map.groupBy(initiated, ([from]) => from)
    expect(pairs.size).toBe(60 * l)
    expect([...by.values()].map((each) => each.length)).toEqual(Array.from({ length: 60 }, () => l))
    expect(initiated.every(([from, to]) => from !== to)).toBe(true)
  })
})

describe.each([1, 2] as const)('the worst network for ℓ = %i', (l) => {
  it.each([6, 7, 8, 9, 20, 51, 100])('of %i nodes takes exactly ⌈(n − 2)/ℓ⌉ hops', (n) => {
    const network = worstCase(n, l)
    const { lag, messages } = broadcast(network, network.origin)
    expect([lag, messages]).toEqual([Math.ceil((n - 2) / l), (2 * l - 1) * n + 1])
    expect(network.initiated).toHaveLength(n * l)
    expect(neighboursOf(network).every((each) => new Set(each).size === each.length)).toBe(true)
  })

  it('has no slower origin', () => {
    const network = worstCase(12, l)
    const lags = Array.from({ length: 12 }, (_, origin) => broadcast(network, origin).lag)
    // ℓ = 1: the far end of the chain takes as long to reach the end
    expect(Math.max(...lags)).toBe(broadcast(network, network.origin).lag)
  })
})

describe('a server', () => {
  it.each([
    [2, 1, 2],
    [10, 3, 4],
    [11, 3, 5]
  ])('with %i clients and %i writers takes %i steps, one message a client', (n, l, lag) => {
    expect(serve(n, l)).toEqual({ messages: n, lag })
    expect(formulas.serverLag(n, l)).toBe(lag)
  })
})
