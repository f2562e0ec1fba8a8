import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { plot } from '../report/plot.ts'
import { percent, table } from '../report/table.ts'
import type { Experiment, Report } from '../experiment.ts'
import type { ScaleResult } from './scale-process.ts'

const SIZES = [100, 316, 1_000, 3_162, 10_000, 31_623, 100_000]
const MAX_BYTES = 12 * 2 ** 30
const MAX_MS = 600_000
const MAX_IDLE_BYTES = 2_048

/** One process for each size: its memory is its own. */
export const scaleExperiment: Experiment = {
  name: 'scale',
  summary: '100 to 100,000 gossip engines in one process: memory and time per node (apart; takes some minutes)',
  apart: true,
  async run(report, seed = 1) {
    const results: ScaleResult[] = []
    report.line('nodes  MB  s')

    for (const nodes of SIZES) {
      const result = await runApart(nodes, seed)
      results.push(result)
      report.line(`${nodes}  ${(result.rssBytes / 1e6).toFixed(0)}  ${(result.ms / 1_000).toFixed(1)}`)
    }

    show(report, results)
    draw(report, results)
    report.json('scale', results)
    judge(report, results.at(-1)!)
  }
}

/** @returns what `scale-process.ts` prints */
async function runApart(nodes: number, seed: number): Promise<ScaleResult> {
  const script = new URL('scale-process.ts', import.meta.url).pathname
  // a large young generation saves a third of the time: most of what a message makes is gone when it has arrived
  const flags = [
    '--max-old-space-size=11000',
    '--max-semi-space-size=128',
    '--expose-gc',
    '--conditions=@hearsay/source'
  ]
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, String(nodes), String(seed)])
  return JSON.parse(stdout) as ScaleResult
}

function show(report: Report, results: readonly ScaleResult[]): void {
  const columns = [
    'nodes',
    'MB',
    'kB/node',
    's',
    'CPU s',
    'messages',
    'CPU µs/message',
    'covered',
    'p99 ms',
    'bytes/delivery'
  ]
  const rows = results.map((each) => [
    each.nodes,
    each.rssBytes / 1e6,
    each.nodeBytes / 1e3,
    each.ms / 1e3,
    each.cpuMs / 1e3,
    each.messages,
    (1e3 * each.cpuMs) / each.messages,
    percent(each.delivery),
    each.p99Latency,
    each.bytesPerDelivery
  ])
  report.line(table(columns, rows, 2))
}

function draw(report: Report, results: readonly ScaleResult[]): void {
  const x = { label: 'nodes in one process', scale: 'log' } as const
  const points = (of: (result: ScaleResult) => number): [number, number][] =>
    results.map((each) => [each.nodes, of(each)])
  const one = (name: string, title: string, label: string, of: (result: ScaleResult) => number): void =>
    report.svg(
      name,
      plot({
        title,
        description: 'Each size in a process of its own.',
        x,
        y: { label },
        series: [{ name: label, points: points(of) }]
      })
    )
  one('scale-memory', 'Memory of one simulated gossip node', 'kB a node', ({ nodeBytes }) => nodeBytes / 1e3)
  one(
    'scale-cost',
    'What one simulated message costs',
    'µs a message',
    ({ cpuMs, messages }) => (1e3 * cpuMs) / messages
  )
  one('scale-latency', 'How long an announce takes', 'p99, ms', ({ p99Latency }) => p99Latency)
  one(
    'scale-bytes',
    'What a delivery costs the network',
    'bytes a delivery',
    ({ bytesPerDelivery }) => bytesPerDelivery
  )
}

function judge(report: Report, { nodes, rssBytes, cpuMs, delivery, idlePeerBytes }: ScaleResult): void {
  const took = `${(rssBytes / 2 ** 30).toFixed(1)} GiB, ${(cpuMs / 1_000).toFixed(0)} s of a processor`
  report.check(`${nodes} nodes within 12 GiB and 10 minutes (${took})`, rssBytes <= MAX_BYTES && cpuMs <= MAX_MS)
  report.check(`an announce reaches 99.9 % of them (${percent(delivery)})`, delivery >= 0.999)
  const idle = `${idlePeerBytes.toFixed(0)} bytes`
  report.check(`an idle peer takes at most 2 kB of the engine (${idle})`, idlePeerBytes <= MAX_IDLE_BYTES)
}
