import { HARDENED } from '../attack/contestants.ts'
import { Lab } from '../attack/lab.ts'
import { silent } from '../attack/disguises.ts'
import { plot } from '../report/plot.ts'
import { percent, table } from '../report/table.ts'
import { OurGossip } from '../swarm/gossip.ts'
import { runGossip } from './scenario.ts'
import type { Experiment, Report } from '../experiment.ts'
import type { GossipProtocol } from '../swarm/gossip.ts'
import type { GossipResult, GossipScenario } from './scenario.ts'

const DEGREES = [1, 2, 3, 4, 5, 6, 8]
const TTLS = [1, 2, 3, 4, 5, 6, 8]
const CHURN = [0, 0.1, 0.2, 0.3, 0.5]
const PROCESSORS = [1, 4, 16, 64, 400]
const BITS = [16, 20, 24, 28]
/** The solver's on one thread */
const HASHES_PER_MS = 17_300
const SYBILS = 400
const MINUTES = 5

const base: GossipScenario = {
  name: 'gossip',
  seed: 1,
  nodes: 300,
  knownPeers: 3,
  links: { latency: [10, 120], jitter: 20, loss: 0.005 },
  joinWithin: 30_000,
  warmUpCooldowns: 5,
  announces: 40,
  announceWithin: 60_000,
  settle: 20_000,
  config: { degree: 6 }
}

/** What coverage costs, and what the proof of work costs those who come with many names. */
export const gossipExperiment: Experiment = {
  name: 'gossip',
  summary: 'coverage and cost of gossip over degree, ttl and churn; proofs of work against Sybils',
  run(report, seed = base.seed) {
    const overDegree = DEGREES.map((degree) =>
      run(degree, { seed, config: { degree, minConnections: Math.max(6, degree) } })
    )
    const overTtl = TTLS.map((ttl) => run(ttl, { seed, ttl }))
    const overChurn = CHURN.map((share) => run(share, { seed, churn: { every: 60_000, share, times: 1 } }))
    const sybils = resist(seed)
    show(report, 'degree', overDegree)
    show(report, 'ttl', overTtl)
    show(report, 'replaced in a minute', overChurn)
    showSybils(report, sybils)
    report.json('gossip', { overDegree, overTtl, overChurn, sybils })
    drawCoverage(report, 'gossip-degree', 'Coverage by degree', 'peers an announce goes to', overDegree)
    drawCoverage(report, 'gossip-ttl', 'Coverage by hops', 'ttl', overTtl)
    drawCoverage(report, 'gossip-churn', 'Coverage under churn', 'share of the nodes replaced in a minute', overChurn)
  }
}

type Measured = GossipResult & { at: number }

function run(at: number, change: Partial<GossipScenario>): Measured {
  return { at, ...runGossip({ ...base, ...change }) }
}

function show(report: Report, column: string, results: readonly Measured[]): void {
  const columns = [column, 'covered', 'duplicates', 'bytes/delivery', 'p50 ms', 'p99 ms', 'neighbours']
  const rows = results.map(({ at, delivery, duplicates, bytesPerDelivery, p50Latency, p99Latency, neighbours }) => [
    at,
    percent(delivery),
    duplicates,
    bytesPerDelivery,
    p50Latency,
    p99Latency,
    neighbours
  ])
  report.line(`\n${table(columns, rows, 2)}`)
}

function drawCoverage(report: Report, name: string, title: string, label: string, results: readonly Measured[]): void {
  report.svg(
    name,
    plot({
      title: `${title}, ${base.nodes} engines`,
      description: 'What share of the nodes an announce reaches, and how many copies each of them gets (times ten).',
      x: { label },
      y: { label: '%, and copies × 10' },
      series: [
        { name: 'covered, %', points: results.map(({ at, delivery }) => [at, 100 * delivery]) },
        { name: 'copies per delivery × 10', points: results.map(({ at, duplicates }) => [at, 10 * (1 + duplicates)]) }
      ]
    })
  )
}

interface Resistance {
  bits: number
  processors: number
  proofs: number
  hostileShare: number
  delivery: number
}

/** 400 Sybils that dial everybody for five minutes: how many places they get is a matter of what they can compute */
function resist(seed: number): Resistance[] {
  return BITS.flatMap((bits) =>
    PROCESSORS.map((processors) => {
      const solveTime = 2 ** bits / HASHES_PER_MS
      const lab = new Lab<GossipProtocol>(new OurGossip(HARDENED), { seed, honest: 100, processors, solveTime })
      lab.settle()
      lab.sybils(SYBILS, { disguise: silent(lab.spreading) })
      lab.pass(MINUTES)
      const { delivery, hostileShare, proofs } = lab.measure()
      return { bits, processors, proofs, hostileShare, delivery }
    })
  )
}

function showSybils(report: Report, results: readonly Resistance[]): void {
  const columns = ['bits', 'processors of 400 Sybils', 'proofs', 'hostile neighbours', 'covered']
  const rows = results.map(({ bits, processors, proofs, hostileShare, delivery }) => [
    bits,
    processors,
    proofs,
    percent(hostileShare),
    percent(delivery)
  ])
  report.line(`\n${table(columns, rows)}`)
  report.svg(
    'gossip-sybils',
    plot({
      title: `What 400 Sybils get in ${MINUTES} minutes, by what they can compute`,
      description: 'Their share of the neighbours of 100 honest nodes, which have one processor each.',
      x: { label: 'processors the Sybils have together', scale: 'log' },
      y: { label: 'hostile neighbours, %' },
      series: BITS.map((bits) => ({
        name: `${bits} bits`,
        points: results
          .filter((each) => each.bits === bits)
          .map(({ processors, hostileShare }) => [processors, 100 * hostileShare])
      }))
    })
  )
}
