import { describe, expect, it } from 'vitest'
import { Buckets } from '../src/buckets.ts'
import { GossipScript, peer } from './script.ts'
import type { Announce } from '@hearsay/protocol-gossip/codec'

describe('a bucket', () => {
  const [a, b] = [peer('a'), peer('b')]
  const taken = (buckets: Buckets, who = a, now = 0, tries = 100): number =>
    Array.from({ length: tries }, () => buckets.take(who, now)).filter(Boolean).length

  it('is full at first, each peer has its own, and a stranger has none', () => {
    const buckets = new Buckets(2, 5)
    buckets.add(a, 0)
    buckets.add(b, 0)
    expect([taken(buckets), taken(buckets, b), taken(buckets, peer('c'))]).toEqual([5, 5, 0])
  })

  it('fills at its rate, and no further than full', () => {
    const buckets = new Buckets(2, 5)
    buckets.add(a, 0)
    taken(buckets)
    expect(taken(buckets, a, 499)).toBe(0)
    expect(taken(buckets, a, 500)).toBe(1)
    expect(taken(buckets, a, 2_000)).toBe(3)
    expect(taken(buckets, a, 60_000)).toBe(5)
  })

  it('fills by fractions, however often it is asked', () => {
    const buckets = new Buckets(1, 1)
    buckets.add(a, 0)
    const times = Array.from({ length: 40 }, (_, i) => i * 125)
    expect(times.filter((now) => buckets.take(a, now))).toEqual([0, 1_000, 2_000, 3_000, 4_000])
  })

  it('is forgotten with its peer', () => {
    const buckets = new Buckets(1, 5)
    buckets.add(a, 0)
    buckets.delete(a)
    expect(taken(buckets)).toBe(0)
  })
})

describe('what a peer may bring', () => {
  const announce = (id: number): Announce => ({
    type: 'announce',
    id: BigInt(id),
    ttl: 0,
    dataType: 7,
    data: Uint8Array.of(1)
  })

  function setUp(): GossipScript {
    const script = new GossipScript({ announceRate: 1, announceBurst: 3 })
    script.command({ type: 'subscribe', subscriber: 0, party: 'app', dataType: 7 })
    ;['a', 'b'].forEach((name) => script.push(name))
    return script
  }

  it('is limited in what is new only; what is dropped may be brought by another', () => {
    const script = setUp()
    const asked = (name: string, id: number): number => script.message(name, announce(id)).length
    expect([1, 2, 1, 1, 3, 4, 5].map((id) => asked('a', id))).toEqual([1, 1, 0, 0, 1, 0, 0])
    expect([1, 2, 3, 4, 5].map((id) => asked('b', id))).toEqual([0, 0, 0, 1, 1])
  })

  it('of a peer we dialled is ten times as much', () => {
    const script = setUp()
    script.pull('dialled')
    const brought = Array.from({ length: 40 }, (_, id) => script.message('dialled', announce(id))).filter(
      (effects) => effects.length > 0
    )
    expect(brought).toHaveLength(30)
  })

  it('comes back with time, and is not more after a new connection than a full bucket', () => {
    const script = setUp()
    const brought = (ids: number[]): number => ids.filter((id) => script.message('a', announce(id)).length > 0).length
    expect(brought([1, 2, 3, 4, 5])).toBe(3)
    script.advance(2_000)
    expect(brought([4, 5, 6])).toBe(2)
    script.disconnected('a')
    script.push('a')
    expect(brought([6, 7, 8, 9])).toBe(3)
  })
})
