import { RandomGraph } from './random-graph.ts'
import { graphs } from '../report/graph.ts'
import { plot } from '../report/plot.ts'
import { table } from '../report/table.ts'
import { mean, median, quantile } from '../swarm/measures.ts'
import type { Experiment, Report } from '../experiment.ts'
import type { Generation, Graph } from './random-graph.ts'

const SEEDS = 30
const GENERATIONS = 50
/** Of which graphs and histograms are drawn */
const SHOWN = [5, 15, 25, 50]
const BINS = 20

interface Run {
  seed: number
  generations: Generation[]
  shown: { generation: number; graph: Graph }[]
}

interface Figure {
  name: string
  /** The paper's single run */
  paper: number
  /** Its published script, median of 30 seeds at generation 50 */
  script: number
  of: (run: Run) => number
}

const last = (run: Run): Generation => run.generations.at(-1)!
/** Of those who know somebody */
const reachOf = (run: Run): number[] => run.shown.at(-1)!.graph.reach.filter((reach) => reach > 0)

const figures: Figure[] = [
  { name: 'nodes', paper: 756, script: 755.5, of: (run) => last(run).nodes },
  { name: 'edges', paper: 2_198, script: 2_146, of: (run) => last(run).edges },
  { name: 'repeats', paper: 8_325, script: 8_314.5, of: (run) => last(run).repeats },
  { name: 'mean reach', paper: 729.1, script: 721.6, of: (run) => mean(reachOf(run)) }
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

/** The random graph of the paper's section 5. */
export const cup2pyExperiment: Experiment = {
  name: 'cup2py',
  summary: 'the random graph process of the CUP2PY paper, section 5: growth, repeats and reach over 30 seeds',
  run(report, seed = 1) {
    const runs = Array.from({ length: SEEDS }, (_, i) => runProcess(seed + i))
    const typical = closestToMedian(runs)
    summarise(report, runs)
    drawGenerations(report, typical)
    drawReach(report, typical)
    report.json('cup2py', {
      seeds: SEEDS,
      typicalSeed: typical.seed,
      runs: runs.map(({ seed: each, generations }) => ({ seed: each, generations }))
    })
  }
}

function summarise(report: Report, runs: readonly Run[]): void {
  const rows = figures.map(({ name, paper, script, of }) => {
    const values = runs.map(of).toSorted((a, b) => a - b)
    return [name, paper, script, median(values), quantile(values, 0.25), quantile(values, 0.75)]
  })
  const outside = figures.filter(({ script }, i) => script < Number(rows[i]![4]) || script > Number(rows[i]![5]))
  report.line(table(['generation 50', 'paper', 'its script, median', 'ours, median', '25 %', '75 %'], rows, 1))
  report.check(
    'the published medians are within the middle half of our runs',
    outside.length === 0,
    outside.map(({ name }) => name).join()
  )
}

function closestToMedian(runs: readonly Run[]): Run {
  const middle = median(runs.map((run) => last(run).nodes))
  const distance = (run: Run): number => Math.abs(last(run).nodes - middle)
  return runs.reduce((best, run) => (distance(run) < distance(best) ? run : best))
}

function drawGenerations(report: Report, { generations, seed }: Run): void {
  const description = `One run, seed ${seed}. A repeat is an update that comes to a user who has it.`
  const repeats = { label: 'repeats in a generation' }
  const draw = (name: string, title: string, label: string, points: [number, number][], y = repeats): void =>
    report.svg(
      name,
      plot({ title, description, x: { label }, y, series: [{ name: `seed ${seed}`, points, as: 'points' }] })
    )
  draw(
    'cup2py-repeats-generations',
    'Repeats over generations',
    'generation',
    generations.map((each, i) => [i + 1, each.repeats])
  )
  draw(
    'cup2py-repeats-users',
    'Repeats over users',
    'users',
    generations.map((each) => [each.nodes, each.repeats])
  )
  draw(
    'cup2py-repeats-per-user',
    'Repeats per user',
    'users',
    generations.map((each) => [each.nodes, each.repeats / each.nodes]),
    { label: 'repeats per user in a generation' }
  )
}

function drawReach(report: Report, { shown, seed }: Run): void {
  for (const { generation, graph } of shown) {
    report.svg(
      `cup2py-reach-${generation}`,
      plot({
        title: `Reach in generation ${generation}`,
        description: `How many users are connected to how many others; ${graph.nodes} users, seed ${seed}.`,
        x: { label: 'others it is connected to, over however many hops' },
        y: { label: 'users' },
        series: [{ name: 'users', points: histogram(graph.reach), as: 'bars' }]
      })
    )
  }

  const panels = shown.map(({ generation, graph: { nodes, connections, reach } }) => {
    const most = Math.max(1, ...reach)
    return {
      title: `generation ${generation}: ${nodes} users`,
      nodes,
      edges: connections,
      weight: reach.map((each) => each / most)
    }
  })
  report.svg(
    'cup2py-graphs',
    graphs(
      'Users by reach',
      `Seed ${seed}. Users connected to many others are large and red, those who know nobody are blue squares.`,
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
