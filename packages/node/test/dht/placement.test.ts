import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nearestFirst, Placement } from '../../src/dht/rules/placement.ts'

const place = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes)

describe('candidates', () => {
  it('come in the order of their XOR distance', () => {
    const candidates = [
      { id: 'far', place: place(0b1000, 0) },
      { id: 'nearest', place: place(0b0101, 1) },
      { id: 'near', place: place(0b0100, 0) },
      { id: 'here', place: place(0b0101, 0) }
    ]
    expect(nearestFirst(place(0b0101, 0), candidates)).toEqual(['here', 'nearest', 'near', 'far'])
  })

  it('come as a plain comparison of the distances as numbers has them', () => {
    const id = fc.nat().map((n) => createHash('sha256').update(String(n)).digest())
    const distance = (a: Buffer, b: Buffer): bigint =>
      BigInt(`0x${a.toString('hex')}`) ^ BigInt(`0x${b.toString('hex')}`)
    fc.assert(
      fc.property(id, fc.array(id, { maxLength: 25 }), (target, ids) => {
        const sorted = ids.toSorted((a, b) => (distance(target, a) < distance(target, b) ? -1 : 1))
        expect(
          nearestFirst(
            target,
            ids.map((each) => ({ id: each, place: each }))
          )
        ).toEqual(sorted)
      })
    )
  })
})

describe('a placement', () => {
  const stored = { stored: true, verified: true }

  /** Whom it tried, where each does what it is said to */
  function run(
    copies: number,
    peers: Record<string, { stored: boolean; verified: boolean }>
  ): [string[], Placement<string>] {
    const placement = new Placement(Object.keys(peers), copies)
    const tried: string[] = []

    for (let peer = placement.next(); peer !== undefined; peer = placement.next()) {
      tried.push(peer)
      placement.told(peer, peers[peer]!)
    }

    return [tried, placement]
  }

  it('ends with exactly the copies wanted', () => {
    const [tried, { placed }] = run(2, { a: stored, b: stored, c: stored })
    expect(tried).toEqual(['a', 'b'])
    expect(placed).toEqual({ stored: ['a', 'b'], verified: ['a', 'b'] })
  })

  it('goes on to the next when one refuses', () => {
    const [tried, { placed }] = run(2, { a: stored, b: { stored: false, verified: false }, c: stored, d: stored })
    expect(tried).toEqual(['a', 'b', 'c'])
    expect(placed).toEqual({ stored: ['a', 'c'], verified: ['a', 'c'] })
  })

  it('does not count a peer that has not got what it says it stored', () => {
    const [tried, { placed }] = run(1, { a: { stored: true, verified: false }, b: stored })
    expect(tried).toEqual(['a', 'b'])
    expect(placed).toEqual({ stored: ['a', 'b'], verified: ['b'] })
  })

  it('ends when nobody is left', () => {
    const [tried, { placed }] = run(3, { a: stored })
    expect(tried).toEqual(['a'])
    expect(placed.verified).toEqual(['a'])
  })
})
