import { readFileSync } from 'node:fs'
import { sample, seededRandom } from '@hearsay/protocol-core/pure'
import { generateUser } from '@hearsay/protocol-cup2py'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addressOf, createHost, firstAnswer } from './hosts.ts'
import type { Cup2pyHost } from './hosts.ts'

const NODES = 100
const ENTRIES = 8
const DEPTH = 7
/** Users that the newcomer looks for: all hundred take one process two minutes */
const NAMED = Number(process.env['NETWORK_USERS'] ?? 20)
/** In ms, on a machine that others use too */
const PATIENCE = 300_000

const random = seededRandom(Number(process.env['NETWORK_SEED'] ?? 1))
const hosts: Cup2pyHost[] = []
/** Who is in whose book, by index */
const books: number[][] = []

async function create(): Promise<Cup2pyHost> {
  // short keys, as making a hundred long ones takes longer than the test
  const key = await generateUser({ bits: 1_024 })
  return createHost({ key, minModulusBits: 1_024, quietTime: 60_000, dialTimeout: 60_000, fanout: 16 })
}

/** A hundred users, each with eight random others in its book, and a connection to each of them */
beforeAll(async () => {
  hosts.push(...(await Promise.all(Array.from({ length: NODES }, create))))
  const records = await Promise.all(
    hosts.map(async (host) => (await host.services.cup2py.publish({ depth: 0 })).record)
  )

  for (const [i, host] of hosts.entries()) {
    const others = sample(
      hosts.map((_, j) => j).filter((j) => j !== i),
      ENTRIES,
      random
    )
    books.push(others)
    await host.services.cup2py.import(others.map((j) => records[j]!))
    await Promise.all(others.map(async (j) => host.dial(hosts[j]!.getMultiaddrs())))
  }

  // the first search opens all streams, which takes one process a while
  await hosts[0]!.services.cup2py.search('0'.repeat(64), { depth: DEPTH, quietTime: 1_000 })
  await silence()
}, PATIENCE)

afterAll(async () => {
  await Promise.all(hosts.map(async (host) => host.stop()))
}, PATIENCE)

/** Hops from book to book; infinity where there is no way */
function distance(from: number, to: number): number {
  const seen = new Set([from])
  let edge = [from]

  for (let hops = 1; edge.length > 0; hops++) {
    edge = [...new Set(edge.flatMap((i) => books[i]!))].filter((i) => !seen.has(i))
    edge.forEach((i) => seen.add(i))

    if (edge.includes(to)) {
      return hops
    }
  }

  return Infinity
}

/** How long we have waited for a processor that others had, in ms; 0 on systems that do not say */
function stolen(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[1]) / 1e6
  } catch {
    return 0
  }
}

const received = (): number => hosts.reduce((sum, { services }) => sum + services.cup2py.stats.received.search, 0)

/** Until nothing has been received for a while */
async function silence(): Promise<void> {
  for (let last = -1; last !== received();) {
    last = received()
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

describe('a hundred users with books of eight', () => {
  it(
    'find anyone within reach, at 1.5 messages an edge or less (T7)',
    async () => {
      const costs: number[] = []

      for (let i = 0; i < 8; i++) {
        const [from, to] = sample([...hosts.keys()], 2, random) as [number, number]
        const { hash } = hosts[to]!.services.cup2py
        const held = await hosts[from]!.services.cup2py.get(hash)
        const before = received()
        const signal = held === undefined ? firstAnswer(hosts[from]!.services.cup2py, hash) : AbortSignal.timeout(2_000)
        const { record, cost } = await hosts[from]!.services.cup2py.search(hash, { depth: DEPTH, signal })
        await silence()
        costs.push((received() - before) / (NODES * ENTRIES))
        expect(distance(from, to)).toBeLessThanOrEqual(DEPTH + 1)
        expect(record).toMatchObject({ hash, address: addressOf(hosts[to]!) })
        expect(cost.messages).toBeGreaterThanOrEqual(ENTRIES)
        expect(held !== undefined || cost.answers > 0).toBe(true)
      }

      expect(Math.max(...costs)).toBeLessThanOrEqual(1.5)
    },
    PATIENCE
  )

  it(
    'are found by a newcomer who knows one address: 99 % of those named, within 10 s each',
    async () => {
      const newcomer = await create()

      try {
        const service = newcomer.services.cup2py
        expect(await service.bootstrap(addressOf(hosts[0]!))).toBeGreaterThan(ENTRIES)
        const late: string[] = []

        for (const { services } of hosts.slice(-NAMED)) {
          const { hash } = services.cup2py
          const start = performance.now() - stolen()
          const record =
            (await service.get(hash)) ?? (await service.search(hash, { signal: firstAnswer(service, hash) })).record
          const took = performance.now() - stolen() - start

          if (record?.hash !== hash || took > 10_000) {
            late.push(`${record === undefined ? 'nothing' : 'found'} after ${Math.round(took)} ms`)
          }
        }

        expect(late.slice(Math.floor(NAMED / 100))).toEqual([])
      } finally {
        await newcomer.stop()
      }
    },
    Math.max(PATIENCE, NAMED * 15_000)
  )
})
