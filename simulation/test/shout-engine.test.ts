import { describe, expect, it } from 'vitest'
import { ShoutSwarm } from '../src/shout.ts'
import type { PeerKey } from '@hearsay/protocol-core/pure'
import type { Result } from '@hearsay/protocol-shout/engine'

const PATIENCE = 120_000

function valuesOf(result: Result): unknown[] {
  return result.type === 'values' ? result.values.map(({ value }) => value) : []
}

describe('the table among 200 engines', () => {
  it('gives any value to any node after 30 % left at once', { timeout: PATIENCE }, () => {
    const swarm = new ShoutSwarm({ seed: 1, nodes: 200, latency: [5, 60], config: { limit: 3, maxInbound: 200 } })
    const { network } = swarm
    const any = (): PeerKey => swarm.names[network.random.below(swarm.names.length)]!
    const keys = Array.from({ length: 20 }, (_, i) => `key ${i}`)
    let stored = 0
    swarm.join(10_000)

    for (const key of keys) {
      swarm.call(any(), { type: 'store', key, value: key, options: {} }, (result) => {
        stored += result.type === 'stored' ? 1 : 0
      })
    }

    network.run(60_000)
    expect(stored).toBe(keys.length)
    Array.from({ length: 60 }, any).forEach((peer) => swarm.leave(peer))

    while (swarm.names.length > 140) {
      swarm.leave(any())
    }

    const found: string[] = []

    for (const key of keys) {
      for (let i = 0; i < 5; i++) {
        swarm.call(any(), { type: 'findValue', key, owner: undefined }, (result) => {
          found.push(...valuesOf(result).map(String))
        })
      }
    }

    network.run(120_000)
    expect(found.toSorted()).toEqual(keys.flatMap((key) => [key, key, key, key, key]).toSorted())
  })

  it('loses no update of a hundred writers on one key', { timeout: PATIENCE }, () => {
    const config = { k: 8, limit: 3, maxInbound: 200 }
    const swarm = new ShoutSwarm({ seed: 2, nodes: 101, latency: [5, 60], config })
    const { network } = swarm
    swarm.join(10_000)
    const [owner, ...writers] = swarm.names as [PeerKey, ...PeerKey[]]
    const keys = writers.map((peer) => swarm.keyOf(peer))
    const open = { $op: 'open', writers: keys, value: 0 }
    swarm.call(owner, { type: 'store', key: 'counter', value: open, options: { version: 1 } }, () => {})
    network.run(10_000)
    const waiting: PeerKey[] = [...writers]
    let [done, refused] = [0, 0]

    // each reads, adds one, and writes if nobody was faster; if somebody was, it waits and starts over
    const increment = (self: PeerKey): void => {
      swarm.call(self, { type: 'findValue', key: 'counter', owner: undefined }, (result) => {
        const [read] = result.type === 'values' ? result.values : []
        const value = {
          $op: 'set',
          expect: read!.version,
          value: (read!.value as number) + 1,
          owner: swarm.keyOf(owner)
        }
        swarm.call(self, { type: 'store', key: 'counter', value, options: {} }, (written) => {
          done += written.type === 'stored' ? 1 : 0
          refused += written.type === 'stored' ? 0 : 1

          if (written.type !== 'stored') {
            waiting.push(self)
          }
        })
      })
    }

    // all at once, and then eight at a time
    waiting.splice(0).forEach(increment)
    network.run(2_000)

    for (let rounds = 0; waiting.length > 0 && rounds < 300; rounds++) {
      waiting.splice(0, 8).forEach(increment)
      network.run(2_000)
    }

    expect(done).toBe(100)
    // they did stand in each other's way
    expect(refused).toBeGreaterThan(100)
    let last: unknown
    swarm.call(owner, { type: 'findValue', key: 'counter', owner: undefined }, (result) => ([last] = valuesOf(result)))
    network.run(10_000)
    expect(last).toBe(100)
  })

  it('repeats itself to the last effect, by seed', { timeout: PATIENCE }, () => {
    const hash = (seed: number): string => {
      const swarm = new ShoutSwarm({ seed, nodes: 20, latency: [5, 60], config: {} })
      swarm.join(5_000)
      swarm.shout(swarm.names[0]!, 'hello')
      swarm.network.run(5_000)
      expect(swarm.heard).toBe(19)
      return swarm.network.traceHash
    }
    expect(hash(2)).toBe(hash(2))
    expect(hash(2)).not.toBe(hash(3))
  })
})
