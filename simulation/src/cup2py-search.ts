import { readdirSync, readFileSync } from 'node:fs'
import { sample } from '@hearsay/protocol-core/pure'
import { identityOf } from './cup2py/records.ts'
import { Cup2pySwarm } from './cup2py/swarm.ts'
import { percent, table } from './report/table.ts'
import type { Millis, PeerKey } from '@hearsay/protocol-core/pure'
import type { Cup2pyConfig } from '@hearsay/protocol-cup2py/engine'
import type { CreateUser } from './cup2py/swarm.ts'
import type { Experiment } from './experiment.ts'

export interface Cup2pyScenario {
  name: string
  protocol: 'cup2py'
  seed: number
  nodes: number
  /** Random users each one's book starts with */
  bookEntries: number
  /** One way, in ms: shortest and longest */
  latency: [Millis, Millis]
  /** Searches, one after the other, each of a random user for another */
  searches: number
  searchDepth: number
  config: Partial<Cup2pyConfig>
  /** The run fails below or above these */
  expect: {
    /** Searches that found their user, among those who could; lowest */
    found: number
    /** SEARCH messages of the dearest search, over directed edges; highest */
    cost: number
  }
}

export interface Cup2pyResult {
  /** Searches whose user was within reach */
  reachable: number
  found: number
  /** Over directed edges */
  meanCost: number
  highestCost: number
  /** In ms, from the search to its first answer */
  p50Latency: Millis
  traceHash: string
}

/** Long enough that each search begins in silence */
const QUIET_TIME = 15_000

const nodeName = (index: number): PeerKey => `node-${index}` as PeerKey
const hashOf = (name: PeerKey): string => identityOf(name).hash

/** A network of users in a random graph of books. */
class Searches {
  private readonly scenario: Cup2pyScenario
  private readonly swarm: Cup2pySwarm
  private readonly names: PeerKey[]
  /** Who is in whose book at the start. BOUNDED by the nodes */
  private readonly graph = new Map<PeerKey, PeerKey[]>()

  constructor(scenario: Cup2pyScenario, create?: CreateUser) {
    this.scenario = scenario
    this.names = Array.from({ length: scenario.nodes }, (_, index) => nodeName(index))
    this.swarm = new Cup2pySwarm({ ...scenario, ...(create === undefined ? {} : { create }) })
  }

  run(): Cup2pyResult {
    this.populate()
    const edges = this.scenario.nodes * this.scenario.bookEntries
    const costs: number[] = []
    const latencies: Millis[] = []
    let [reachable, found] = [0, 0]

    for (let i = 0; i < this.scenario.searches; i++) {
      const { isReachable, latency, messages } = this.search()
      costs.push(messages / edges)
      reachable += isReachable ? 1 : 0
      found += isReachable && latency !== undefined ? 1 : 0
      latencies.push(...(latency === undefined ? [] : [latency]))
      this.restore()
    }

    return {
      reachable,
      found: found / reachable,
      meanCost: costs.reduce((sum, cost) => sum + cost, 0) / costs.length,
      highestCost: Math.max(...costs),
      p50Latency: latencies.toSorted((a, b) => a - b)[latencies.length >> 1] ?? Number.NaN,
      traceHash: this.swarm.network.traceHash
    }
  }

  private populate(): void {
    for (const name of this.names) {
      const others = this.names.filter((each) => each !== name)
      this.swarm.join(name)
      this.graph.set(name, sample(others, this.scenario.bookEntries, this.swarm.network.random))
    }

    this.restore()
  }

  /** All books as they were at the start: what a search taught is forgotten */
  private restore(): void {
    const { swarm } = this

    for (const name of this.names) {
      const entries = new Set(this.graph.get(name)!.map(hashOf))
      ;[...swarm.book(name).keys()].filter((hash) => !entries.has(hash)).forEach((hash) => swarm.forget(name, hash))
      this.graph.get(name)!.forEach((each) => swarm.learn(name, each))
    }

    swarm.network.run(QUIET_TIME)
  }

  private search(): { isReachable: boolean; latency: Millis | undefined; messages: number } {
    const { swarm } = this
    const { random } = swarm.network
    const { nodes, searchDepth } = this.scenario
    const from = random.below(nodes)
    const to = (from + 1 + random.below(nodes - 1)) % nodes
    const [asker, wanted] = [this.names[from]!, this.names[to]!]
    // what was held may be old, so an answer of the same date is no news: only those who do not hold it learn
    const isHeld = swarm.book(asker).has(hashOf(wanted))
    const before = swarm.sent.search
    const id = swarm.search(asker, hashOf(wanted), searchDepth, QUIET_TIME)
    swarm.network.run(2 * QUIET_TIME)
    const isReachable = !isHeld && this.distance(asker, wanted) <= searchDepth + 1
    return { isReachable, latency: swarm.found(id).latency, messages: swarm.sent.search - before }
  }

  /** Hops in the graph of books; infinity for none */
  private distance(from: PeerKey, to: PeerKey): number {
    const seen = new Set([from])
    let edge = [from]

    for (let hops = 1; edge.length > 0; hops++) {
      const next = edge.flatMap((name) => this.graph.get(name)!).filter((name) => !seen.has(name))

      if (next.includes(to)) {
        return hops
      }

      edge = [...new Set(next)]
      edge.forEach((name) => seen.add(name))
    }

    return Infinity
  }
}

/** @param create - @default our engine */
export function runCup2py(scenario: Cup2pyScenario, create?: CreateUser): Cup2pyResult {
  return new Searches(scenario, create).run()
}

/** What a result lacks of what its scenario expects, in words */
export function cup2pyShortfalls(result: Cup2pyResult, { expect }: Cup2pyScenario): string[] {
  return [
    ...(result.found >= expect.found ? [] : [`found ${result.found}, at least ${expect.found} expected`]),
    ...(result.highestCost <= expect.cost
      ? []
      : [`cost ${result.highestCost} messages an edge, at most ${expect.cost} expected`])
  ]
}

const folder = new URL('../searches/', import.meta.url)

/** `searches/*.json` */
export const searchScenarios: readonly Cup2pyScenario[] = readdirSync(folder)
  .toSorted()
  .map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Cup2pyScenario)

export function searchExperiment(scenario: Cup2pyScenario): Experiment {
  const { name, nodes, latency } = scenario
  return {
    name,
    summary: `searches among ${nodes} users, with latencies of ${latency.join(' to ')} ms`,
    run(report, seed = scenario.seed) {
      const result = runCup2py({ ...scenario, seed })
      const missing = cup2pyShortfalls(result, scenario)
      report.line(
        table(
          ['users', 'seed', 'in reach', 'found', 'messages an edge', 'at most', 'p50 ms', 'trace'],
          [
            [
              nodes,
              seed,
              result.reachable,
              percent(result.found),
              result.meanCost,
              result.highestCost,
              result.p50Latency,
              result.traceHash
            ]
          ],
          2
        )
      )
      report.json(name, result)
      report.check(
        `${name} meets what it expects`,
        missing.length === 0,
        `${missing.join('; ')}; replay: pnpm simulate ${name} --seed ${seed}`
      )
    }
  }
}
