import { readdirSync, readFileSync } from 'node:fs'
import { Cup2pyEngine, engineDefaults } from '@hearsay/protocol-cup2py/engine'
import { encode, formatDate, userHash } from '@hearsay/protocol-cup2py/codec'
import { sample } from '@hearsay/protocol-core/pure'
import { VirtualNetwork } from './network/network.ts'
import { percent, table } from './report/table.ts'
import type { Answer, Ask, Command, Cup2pyConfig, Event, SearchCost } from '@hearsay/protocol-cup2py/engine'
import type { Message, UserRecord } from '@hearsay/protocol-cup2py/codec'
import type { Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { Experiment } from './experiment.ts'
import type { Adapter, EngineOf, Reply } from './network/network.ts'

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

export interface Cup2pyProtocol {
  message: Message
  command: Command
  answer: Answer
  event: Event
  ask: Ask
}

/** 1 January 2024, in ms since 1970 */
const START = 1_704_067_200_000
/** Long enough that each search begins in silence */
const QUIET_TIME = 15_000

const nodeName = (index: number): PeerKey => `node-${index}` as PeerKey
const addressOf = (peer: PeerKey): string => `/sim/p2p/${peer}`

/** A network of users in a random graph of books; signatures are taken for right, as nobody forges. */
class Cup2pySwarm implements Adapter<Cup2pyProtocol> {
  readonly protocol = '/hearsay/cup2py/1.0.0'
  readonly network: VirtualNetwork<Cup2pyProtocol>
  private readonly scenario: Cup2pyScenario
  private readonly names: PeerKey[]
  private readonly users: UserRecord[]
  /** Full records of each node. BOUNDED by the nodes, squared */
  private readonly books = new Map<PeerKey, Map<string, UserRecord>>()
  /** Who is in whose book at the start. BOUNDED by the nodes */
  private readonly graph = new Map<PeerKey, PeerKey[]>()
  private searchMessages = 0
  private answeredAt: Millis | undefined
  private ended: SearchCost | undefined

  constructor(scenario: Cup2pyScenario) {
    this.scenario = scenario
    this.names = Array.from({ length: scenario.nodes }, (_, index) => nodeName(index))
    this.users = this.names.map((name) => recordOf(name, 0))
    this.network = new VirtualNetwork(this, scenario)
  }

  createEngine(self: PeerKey, random: Random): EngineOf<Cup2pyProtocol> {
    return new Cup2pyEngine({
      self,
      user: recordOf(self, 0).hash,
      config: { ...engineDefaults, ...this.scenario.config },
      random
    })
  }

  answer(self: PeerKey, ask: Ask, { send }: Reply<Cup2pyProtocol>): void {
    const book = this.books.get(self)!
    const wallTime = START + this.network.now

    switch (ask.type) {
      case 'verify':
        return send({ type: 'verified', ticket: ask.ticket, verdict: 'valid', floor: undefined, wallTime })
      case 'fetch':
        return send({ type: 'fetched', peer: ask.peer, record: book.get(ask.hash) })
      case 'store':
        book.set(ask.record.hash, ask.record)
        ask.evicted.forEach((hash) => book.delete(hash))
    }
  }

  bytes(message: Message): number {
    return encode(message).byteLength
  }

  target(peer: PeerKey | undefined): PeerKey | undefined {
    return peer
  }

  onSend(_from: PeerKey, _to: PeerKey, message: Message): void {
    this.searchMessages += message.type === 'search' ? 1 : 0
  }

  onEvent(_self: PeerKey, event: Event, now: Millis): void {
    if (event.type === 'answer') {
      this.answeredAt ??= now
    } else if (event.type === 'ended') {
      this.ended = event.cost
    }
  }

  run(): Cup2pyResult {
    this.populate()
    const edges = this.scenario.nodes * this.scenario.bookEntries
    const costs: number[] = []
    const latencies: Millis[] = []
    let [reachable, found] = [0, 0]

    for (let id = 0; id < this.scenario.searches; id++) {
      const { isReachable, latency } = this.search(id)
      costs.push(this.searchMessages / edges)
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
      traceHash: this.network.traceHash
    }
  }

  private populate(): void {
    const { bookEntries } = this.scenario

    for (const [index, name] of this.names.entries()) {
      const others = this.names.filter((each) => each !== name)
      this.network.add(name)
      this.books.set(name, new Map())
      this.graph.set(name, sample(others, bookEntries, this.network.random))
      this.network.command(name, { type: 'own', record: this.users[index]! })
    }

    this.restore()
  }

  /** All books as they were at the start: what a search taught is forgotten */
  private restore(): void {
    for (const name of this.names) {
      const book = this.books.get(name)!
      const entries = new Set(
        this.graph
          .get(name)!
          .map((each) => recordOf(each, 0))
          .map(({ hash }) => hash)
      )
      ;[...book.keys()].filter((hash) => !entries.has(hash)).forEach((hash) => this.forget(name, hash))
      this.graph
        .get(name)!
        .filter((each) => !book.has(recordOf(each, 0).hash))
        .forEach((each) => this.network.command(name, { type: 'learn', record: recordOf(each, 0), wallTime: 1 }))
    }

    this.network.run(QUIET_TIME)
  }

  private forget(name: PeerKey, hash: string): void {
    this.books.get(name)!.delete(hash)
    this.network.command(name, { type: 'forget', hash })
  }

  private search(id: number): { isReachable: boolean; latency: Millis | undefined } {
    const { random, now } = this.network
    const { nodes, searchDepth } = this.scenario
    const from = random.below(nodes)
    const to = (from + 1 + random.below(nodes - 1)) % nodes
    const held = this.books.get(this.names[from]!)!.get(this.users[to]!.hash)
    this.searchMessages = 0
    this.answeredAt = undefined
    this.ended = undefined
    // what was held may be old, so an answer of the same date is no news: only those who do not hold it learn
    this.network.command(this.names[from]!, {
      type: 'search',
      id,
      target: this.users[to]!.hash,
      sender: recordOf(this.names[from]!, now),
      depth: searchDepth,
      quietTime: QUIET_TIME,
      held
    })
    this.network.run(2 * QUIET_TIME)

    if (this.ended === undefined) {
      throw new Error('the search did not end')
    }

    const isReachable = held === undefined && this.distance(this.names[from]!, this.names[to]!) <= searchDepth + 1
    return { isReachable, latency: this.answeredAt === undefined ? undefined : this.answeredAt - now }
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

/** Somebody's record, as nobody here looks at keys and signatures */
function recordOf(name: PeerKey, now: Millis): UserRecord {
  const publicKey = `-----BEGIN RSA PUBLIC KEY-----\n${btoa(name)}\n-----END RSA PUBLIC KEY-----\n`
  const known = hashes.get(name)
  const hash = known ?? userHash(publicKey)
  hashes.set(name, hash)
  const seconds = Math.floor(now / 1_000)
  const date = formatDate({
    year: 2024,
    month: 1,
    day: 1 + Math.floor(seconds / 86_400),
    hour: Math.floor(seconds / 3_600) % 24,
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
    microsecond: 1 + Math.floor(now % 1_000) * 1_000
  })
  return { hash, publicKey, address: addressOf(name), date, signature: btoa(date) }
}

/** BOUNDED by the nodes of a process's scenarios */
const hashes = new Map<PeerKey, string>()

export function runCup2py(scenario: Cup2pyScenario): Cup2pyResult {
  return new Cup2pySwarm(scenario).run()
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

/** T7: a search among 1,000 users; without memory of searches it would be over two million messages. @returns what is wrong */
export function searchBomb(seed: number): string | undefined {
  const { highestCost, found } = runCup2py({
    name: 'search bomb',
    protocol: 'cup2py',
    seed,
    nodes: 1_000,
    bookEntries: 8,
    latency: [50, 50],
    searches: 1,
    searchDepth: 7,
    config: { dialRate: 1_000 },
    expect: { found: 1, cost: 1 }
  })
  return highestCost <= 1 && found === 1 ? undefined : `${highestCost} messages an edge, found ${found}`
}
