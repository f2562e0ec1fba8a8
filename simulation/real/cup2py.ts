import { cup2py, generateUser } from '@hearsay/protocol-cup2py'
import { sample, seededRandom } from '@hearsay/protocol-core/pure'
import { identityOf } from '../src/cup2py/records.ts'
import { Cup2pySwarm } from '../src/cup2py/swarm.ts'
import { NODES, untilQuiet, withHosts } from './hosts.ts'
import type { Cup2py } from '@hearsay/protocol-cup2py'
import type { Libp2p } from '@libp2p/interface'
import type { PeerKey } from '@hearsay/protocol-core/pure'

export interface SearchFigures {
  /** Of those searched for, found */
  found: number
  /** SEARCH messages for each directed edge of the books, mean and highest */
  meanCost: number
  highestCost: number
}

const ENTRIES = 4
const DEPTH = 7
const SEARCHES = 8
const QUIET_MS = 10_000

interface Services {
  cup2py: Cup2py
  [name: string]: unknown
}

/** Who is in whose book, and who looks for whom; those who know each other do not */
function plan(seed: number): { books: number[][]; searches: [number, number][] } {
  const random = seededRandom(seed)
  const others = (i: number): number[] => Array.from({ length: NODES }, (_, j) => j).filter((j) => j !== i)
  const books = Array.from({ length: NODES }, (_, i) => sample(others(i), ENTRIES, random))
  const searches = Array.from({ length: SEARCHES }, (_, i): [number, number] => {
    const from = (i * 2) % NODES
    return [
      from,
      sample(
        others(from).filter((j) => !books[from]!.includes(j)),
        1,
        random
      )[0]!
    ]
  })
  return { books, searches }
}

function figures(found: number, costs: readonly number[]): SearchFigures {
  const edges = NODES * ENTRIES
  return {
    found: found / SEARCHES,
    meanCost: costs.reduce((a, b) => a + b, 0) / costs.length / edges,
    highestCost: Math.max(...costs) / edges
  }
}

/** Books grow by what searches teach; so they do among the real ones */
export function simulatedSearches(seed: number): SearchFigures {
  const { books, searches } = plan(seed)
  const name = (i: number): PeerKey => `node-${i}` as PeerKey
  const swarm = new Cup2pySwarm({ seed, latency: [0.1, 1], config: { dialRate: 1_000, fanout: 64 } })
  const costs: number[] = []
  let found = 0
  books.forEach((_, i) => swarm.join(name(i)))
  books.forEach((book, i) => book.forEach((j) => swarm.learn(name(i), name(j))))

  for (const [from, to] of searches) {
    const before = swarm.sent.search
    const id = swarm.search(name(from), identityOf(name(to)).hash, DEPTH, QUIET_MS)
    swarm.network.run(4 * QUIET_MS)
    costs.push(swarm.sent.search - before)
    found += swarm.found(id).latency === undefined && !swarm.book(name(from)).has(identityOf(name(to)).hash) ? 0 : 1
  }

  return figures(found, costs)
}

export async function realSearches(seed: number): Promise<SearchFigures> {
  const { books, searches } = plan(seed)
  const keys = await Promise.all(Array.from({ length: NODES }, async () => generateUser({ bits: 1_024 })))
  return withHosts<Services, SearchFigures>(
    (i) => ({
      cup2py: cup2py({ key: keys[i]!, minModulusBits: 1_024, republish: false, quietTime: QUIET_MS, dialRate: 1_000 })
    }),
    async (hosts) => {
      const records = await Promise.all(
        hosts.map(async ({ services }) => (await services.cup2py.publish({ depth: 0 })).record)
      )
      await Promise.all(books.map(async (book, i) => hosts[i]!.services.cup2py.import(book.map((j) => records[j]!))))
      return measure(hosts, searches)
    }
  )
}

async function measure(hosts: Libp2p<Services>[], searches: readonly [number, number][]): Promise<SearchFigures> {
  const sent = (): number => hosts.reduce((sum, { services }) => sum + services.cup2py.stats.sent.search, 0)
  const costs: number[] = []
  let found = 0

  for (const [from, to] of searches) {
    const { cup2py: asking } = hosts[from]!.services
    const { hash } = hosts[to]!.services.cup2py
    const stop = new AbortController()
    const isHeld = (await asking.get(hash)) !== undefined
    const before = sent()
    asking.addEventListener('search:answer', () => stop.abort(), { once: true })
    const { record } = await asking.search(hash, {
      depth: DEPTH,
      quietTime: 6 * QUIET_MS,
      ...(isHeld ? { quietTime: 500 } : { signal: stop.signal })
    })
    await untilQuiet(sent)
    found += record === undefined ? 0 : 1
    costs.push(sent() - before)
  }

  return figures(found, costs)
}
