import { ConfigError } from '@hearsay/node'
import { cup2pyDefaults, cup2pyRanges } from '@hearsay/protocol-cup2py'
import { gossipDefaults, gossipRanges } from '@hearsay/protocol-gossip'
import { shoutDefaults, shoutRanges } from '@hearsay/protocol-shout'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { limitsOf } from '../src/limits.ts'
import { Nodes, peers } from './nodes.ts'
import type { LimitedOptions, Limits } from '../src/limits.ts'

vi.setConfig({ testTimeout: 30_000 })

const MIB = 2 ** 20
const WINDOW = 256 * 2 ** 10

const nodes = new Nodes()
afterEach(async () => nodes.stop())

const optionsOf = (given: Partial<LimitedOptions>): LimitedOptions => ({
  'max-memory': undefined,
  'max-connections': 30,
  'cache-size': 65_536,
  gossip: true,
  cup2py: true,
  'cup2py-max-users': 100_000,
  shout: true,
  'shout-limit': 8,
  'shout-max-values': 16_384,
  ...given
})
const GOSSIP_ALONE = { cup2py: false, shout: false }

/** Undefined for a ConfigError; any other error is thrown */
function limitsOrRefusal(given: Partial<LimitedOptions>): Limits | undefined {
  try {
    return limitsOf(optionsOf(given))
  } catch (err) {
    if (err instanceof ConfigError) {
      return undefined
    }

    throw err
  }
}

/** What others can fill at most, of the protocols that are on */
function fillable(options: LimitedOptions, limits: Limits): number {
  const { gossip, cup2py, shout, maxClients, streamWindowBytes } = limits
  const session = (queue: number): number => queue + 2 * streamWindowBytes
  const each = {
    gossip:
      (3 * options['max-connections'] + gossip.maxUnverified) * session(gossip.maxQueuedBytes) +
      gossip.cacheSize * 24 * 16,
    cup2py: cup2py.maxPeers * session(cup2py.maxQueuedBytes) + cup2py.maxUsers * 400,
    shout:
      (options['shout-limit'] + 66 + shout.maxInbound) * session(shout.maxQueuedBytes) +
      shout.seenSize * 24 * 16 +
      shout.maxValues * 128 * 2 ** 10
  }
  return (
    (['gossip', 'cup2py', 'shout'] as const).reduce((sum, name) => sum + (options[name] ? each[name] : 0), 0) +
    maxClients * 4 * MIB
  )
}

describe('limits', () => {
  it('are the defaults when no memory is given', () => {
    expect(limitsOf(optionsOf({}))).toEqual({
      streamWindowBytes: MIB,
      maxClients: 1_024,
      clientQueueBytes: 64 * MIB,
      maxConnections: 300,
      gossip: {
        maxQueuedBytes: gossipDefaults.maxQueuedBytes,
        maxUnverified: gossipDefaults.maxUnverified,
        cacheSize: 65_536
      },
      cup2py: {
        maxQueuedBytes: cup2pyDefaults.maxQueuedBytes,
        maxPeers: cup2pyDefaults.maxPeers,
        maxUsers: 100_000
      },
      shout: {
        maxQueuedBytes: shoutDefaults.maxQueuedBytes,
        maxInbound: shoutDefaults.maxInbound,
        seenSize: shoutDefaults.seenSize,
        maxValues: 16_384
      }
    })
  })

  it('fit in the memory, whatever it is, or are refused', () => {
    const some = fc.record({
      'max-memory': fc.integer({ min: 192, max: 65_536 }),
      'max-connections': fc.integer({ min: 2, max: 1_000 }),
      'shout-limit': fc.integer({ min: 1, max: 200 }),
      gossip: fc.boolean(),
      cup2py: fc.boolean(),
      shout: fc.boolean()
    })
    let fitting = 0
    fc.assert(
      fc.property(some, (given) => {
        const limits = limitsOrRefusal(given)

        if (limits === undefined) {
          return
        }

        fitting++
        // clients of the API have a least number, which a small memory rounds up to
        const bytes = (given['max-memory'] - 156) * MIB + 4 * 4 * MIB
        expect(fillable(optionsOf(given), limits)).toBeLessThanOrEqual(bytes)
        expect(limits.streamWindowBytes).toBeGreaterThanOrEqual(WINDOW)
        expect(limits.gossip.maxQueuedBytes).toBeGreaterThanOrEqual(gossipRanges.maxQueuedBytes[0])
        expect(limits.cup2py.maxQueuedBytes).toBeGreaterThanOrEqual(cup2pyRanges.maxQueuedBytes[0])
        expect(limits.shout.maxQueuedBytes).toBeGreaterThanOrEqual(shoutRanges.maxQueuedBytes[0])
        expect(
          [limits.gossip.maxUnverified, limits.cup2py.maxPeers, limits.shout.maxInbound].every((n) => n >= 8)
        ).toBe(true)
        expect(limits.gossip.cacheSize).toBeGreaterThanOrEqual(1)
      }),
      { numRuns: 2_000 }
    )
    expect(fitting).toBeGreaterThan(500)
  })

  it.each([
    ['gossip alone', GOSSIP_ALONE, 267, 'max-connections of 30 needs'],
    ['shout alone', { gossip: false, cup2py: false }, 320, 'shout-limit of 8 needs'],
    ['every protocol', {}, 441, 'max-connections of 30 and shout-limit of 8 need']
  ])('that cannot be are refused with what would do: %s', (_name, given, needed, wish) => {
    expect(() => limitsOf(optionsOf({ ...given, 'max-memory': needed - 1 }))).toThrow(
      `${wish} max-memory of ${needed} MiB, and it is ${needed - 1}`
    )
    expect(limitsOf(optionsOf({ ...given, 'max-memory': needed })).gossip.maxUnverified).toBe(8)
  })

  it('hold for a node with every protocol', async () => {
    const node = await nodes.create({ 'max-memory': 448, cup2py: true, shout: true })
    const other = await nodes.create({ peer: [node.address] })
    await Promise.all([peers(node, 1), peers(other, 1)])
    expect(node.libp2p.services.gossip.ready).toBe(true)
  })
})
