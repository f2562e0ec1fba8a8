import { RandomGraph } from './random-graph.ts'
import { graphs } from '../report/graph.ts'
import { plot } from '../report/plot.ts'
import { percent, table } from '../report/table.ts'
import { mean, median, quantile } from '../swarm/measures.ts'
import { EngineUsers } from './users.ts'
import type { Experiment, Report } from '../experiment.ts'
import type { Generation, Graph } from './random-graph.ts'

const SEEDS = 30
const GENERATIONS = 50
/** Of which graphs and histograms are drawn */
const SHOWN = [5, 15, 25, 50]
const BINS = 20
const MAX_SECONDS = 2

export interface Run {
  seed: number
  generations: Generation[]
  shown: { generation: number; graph: Graph }[]
}

/** The same users with our engines */
export interface EngineRun {
  seed: number
  generations: Generation[]
  /** Came to somebody who held this very record or a newer one: in all */
  copies: number
  /** Of each user at the end */
  reach: number[]
}

interface Figure {
  name: string
  /** The paper's single run */
  paper: number
  /** Its published script: the median over seeds 0 to 29 at generation 50 */
  script: number
  of: (run: Run) => number
}

const last = (run: { generations: Generation[] }): Generation => run.generations.at(-1)!
const repeatsPerUser = (each: Generation): number => each.repeats / each.nodes

const figures: Figure[] = [
  { name: 'nodes', paper: 756, script: 755.5, of: (run) => last(run).nodes },
  { name: 'edges', paper: 2_198, script: 2_146, of: (run) => last(run).edges },
  { name: 'repeats', paper: 8_325, script: 8_314.5, of: (run) => last(run).repeats },
  { name: 'mean reach', paper: 729.1, script: 721.6, of: (run) => mean(run.shown.at(-1)!.graph.reach) }
]

export function runProcess(seed: number): Run {
  const process = new RandomGraph(seed)
  const run: Run = { seed, generations: [], shown: [] }

  for (let generation = 1; generation <= GENERATIONS; generation++) {
    run.generations.push(process.next())

    if (SHOWN.includes(generation)) {
      run.shown.push({ generation, graph: process.graph() })
    }
  }

  return run
}

/** What the users of the published process do, done by engines */
export function runEngines(seed: number): EngineRun {
  const process = new RandomGraph(seed)
  const users = new EngineUsers(seed)
  const generations = Array.from({ length: GENERATIONS }, () => {
    process.next(users)
    return users.state()
  })
  return { seed, generations, copies: users.copies, reach: users.reach() }
}

/** The random graph of the paper's section 5, and its users with our engines. */
export const cup2pyExperiment: Experiment = {
  name: 'cup2py',
  summary: 'the CUP2PY paper, section 5: its random graph process over 30 seeds, and the same users with our engines',
  run(report, seed) {
    const seconds = repeatPaper(report, seed)
    report.check(`the process in at most ${MAX_SECONDS} s of a processor`, seconds <= MAX_SECONDS, `${seconds} s`)
  }
}

/** @param engineRuns - of the thirty, those that are run with engines too. @returns seconds of a processor for the thirty */
export function repeatPaper(report: Report, seed = 0, engineRuns = SEEDS): number {
  const seeds = Array.from({ length: SEEDS }, (_, i) => seed + i)
  const before = process.cpuUsage()
  const runs = seeds.map(runProcess)
  const { user, system } = process.cpuUsage(before)
  const typical = closestToMedian(runs)
  const others = seeds.filter((each) => each !== typical.seed)
  const chosen = [typical.seed, ...others.slice(0, engineRuns - 1)]
  const engines = chosen.map(runEngines)
  summarise(report, runs, seed === 0)
  const seconds = (user + system) / 1e6
  report.line(`${SEEDS} runs took ${seconds.toFixed(2)} s of a processor`)
  compare(
    report,
    runs.filter((run) => chosen.includes(run.seed)),
    engines
  )
  drawGenerations(report, typical, engines[0]!)
  drawReach(report, typical)
  report.json('cup2py', {
    typicalSeed: typical.seed,
    published: runs.map(({ seed: each, generations }) => ({ seed: each, generations })),
    engines
  })
  return seconds
}

/** @param exactly - with the seeds of the published medians, which then are ours to the last digit */
export function summarise(report: Report, runs: readonly Run[], exactly: boolean): void {
  const rows = figures.map(({ name, paper, script, of }) => {
    const values = runs.map(of).toSorted((a, b) => a - b)
    return [name, paper, script, median(values), quantile(values, 0.25), quantile(values, 0.75)]
  })
  const columns = rows.map((row) => row.slice(1).map(Number)) as [number, number, number, number, number][]
  const outside = figures.filter((_, i) => columns[i]![0] < columns[i]![3] || columns[i]![0] > columns[i]![4])
  const different = figures.filter((_, i) => Math.abs(columns[i]![1] - columns[i]![2]) >= 0.05)
  report.line(table(['generation 50', 'paper', 'its script, median', 'ours, median', '25 %', '75 %'], rows, 1))
  report.check(
    "the paper's single run is within the middle half of our runs",
    outside.length === 0,
    outside.map(({ name }) => name).join()
  )

  if (exactly) {
    report.check(
      'the medians of the published script are ours',
      different.length === 0,
      different.map(({ name }) => name).join()
    )
  }
}

/** Each run with the engines that did the same */
export function compare(report: Report, runs: readonly Run[], engines: readonly EngineRun[]): void {
  const of = (values: readonly number[]): number => median(values)
  const share = (reach: readonly number[]): number => mean(reach) / reach.length
  const published = {
    reach: of(runs.map(({ shown }) => share(shown.at(-1)!.graph.reach))),
    repeats: of(runs.map((run) => repeatsPerUser(last(run))))
  }
  const ours = {
    reach: of(engines.map(({ reach }) => share(reach))),
    repeats: of(engines.map((run) => repeatsPerUser(last(run)))),
    copies: of(engines.map((run) => run.copies / last(run).nodes))
  }
  report.line(
    table(
      ['same users', 'mean reach', 'repeats per user', 'copies per user'],
      [
        ['published process', percent(published.reach), published.repeats, '-'],
        ['our engines', percent(ours.reach), ours.repeats, ours.copies]
      ],
      2
    )
  )
  const isEqual = Math.abs(ours.reach - published.reach) < 0.01
  report.check(
    'at equal reach, to a hundredth, our engines repeat less per user',
    isEqual && ours.repeats < published.repeats,
    `reach ${ours.reach} and ${published.reach}, repeats ${ours.repeats} and ${published.repeats}`
  )
}

function closestToMedian(runs: readonly Run[]): Run {
  const middle = median(runs.map((run) => last(run).nodes))
  const distance = (run: Run): number => Math.abs(last(run).nodes - middle)
  return runs.reduce((best, run) => (distance(run) < distance(best) ? run : best))
}

function drawGenerations(report: Report, { generations, seed }: Run, engines: EngineRun): void {
  const description = `One run, seed ${seed}. A repeat is an update that comes to a user who knows its author.`
  type Point = (each: Generation, i: number) => [number, number]
  const draw = (name: string, title: string, x: string, y: string, point: Point): void => {
    const series = [
      { name: 'published process', points: generations.map(point), as: 'points' as const },
      { name: 'our engines', points: engines.generations.map(point), as: 'points' as const }
    ]
    report.svg(name, plot({ title, description, x: { label: x }, y: { label: y }, series }))
  }
  const repeats = 'repeats so far'
  draw('cup2py-repeats-generations', 'Repeats over generations', 'generation', repeats, (each, i) => [
    i + 1,
    each.repeats
  ])
  draw('cup2py-repeats-users', 'Repeats over users', 'users', repeats, (each) => [each.nodes, each.repeats])
  draw('cup2py-repeats-per-user', 'Repeats per user', 'generation', 'repeats per user so far', (each, i) => [
    i + 1,
    repeatsPerUser(each)
  ])
}

function drawReach(report: Report, { shown, seed }: Run): void {
  for (const { generation, graph } of shown) {
    report.svg(
      `cup2py-reach-${generation}`,
      plot({
        title: `Reach in generation ${generation}`,
        description: `How many users a search of how many users could come to; ${graph.nodes} users, seed ${seed}.`,
        x: { label: 'users in reach, over however many hops' },
        y: { label: 'users' },
        series: [{ name: 'users', points: histogram(graph.reach), as: 'bars' }]
      })
    )
  }

  const panels = shown.map(({ generation, graph: { nodes, connections, reach } }) => {
    const most = Math.max(2, ...reach)
    return {
      title: `generation ${generation}: ${nodes} users`,
      nodes,
      edges: connections,
      weight: reach.map((each) => (each - 1) / (most - 1))
    }
  })
  report.svg(
    'cup2py-graphs',
    graphs(
      'Users by reach',
      `Seed ${seed}. Users who reach many others are large and red, those who know nobody are blue squares.`,
      panels,
      ['none', 'most']
    )
  )
}

/** The middle of each bin and how many values are in it */
function histogram(values: readonly number[]): [number, number][] {
  const width = Math.max(1, Math.ceil((Math.max(...values) + 1) / BINS))
  const counts: number[] = Array.from({ length: Math.ceil((Math.max(...values) + 1) / width) }, () => 0)
  values.forEach((value) => counts[Math.floor(value / width)]!++)
  return counts.map((count, i) => [(i + 0.5) * width, count])
}
