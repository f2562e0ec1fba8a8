import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { plot } from '../report/plot.ts'
import { percent, table } from '../report/table.ts'
import type { Experiment, Report } from '../experiment.ts'
import { protocols } from './population.ts'
import type { ProtocolName } from './population.ts'
import type { ScaleResult } from './process.ts'

/** `SCALE_NODES`: the largest, for machines that are busy or small */
const LARGEST = Number(process.env['SCALE_NODES'] ?? 100_000)
const SIZES = [100, 316, 1_000, 3_162, 10_000, 31_623, 100_000].filter((nodes) => nodes <= LARGEST)
const MAX_BYTES = 12 * 2 ** 30
const MAX_MS = 600_000
const MAX_IDLE_BYTES = 2_048
const FLAGS = [
  // a large young generation saves a third of the time: most of what a message makes is gone when it has arrived
  '--max-semi-space-size=128',
  '--max-old-space-size=11000',
  '--expose-gc',
  '--conditions=@hearsay/source'
]
const MAX_OUTPUT = 2 ** 20

/** All sizes of one protocol; each in a process of its own, whose memory is its own. */
export function scaleExperiment(protocol: ProtocolName): Experiment {
  return {
    name: `scale-${protocol}`,
    summary: `100 to 100,000 ${protocol} engines in one process: memory and time per node (apart; takes some minutes)`,
    apart: true,
    run: async (report, seed) => measureSizes(report, protocol, SIZES, seed)
  }
}

/** `pnpm simulate scale`: one protocol after the other */
export const scaleExperiments: readonly Experiment[] = [
  {
    name: 'scale',
    summary: 'the three below, one after the other (apart)',
    apart: true,
    async run(report, seed) {
      for (const protocol of protocols) {
        await measureSizes(report, protocol, SIZES, seed)
      }
    }
  },
  ...protocols.map(scaleExperiment)
]

export async function measureSizes(
  report: Report,
  protocol: ProtocolName,
  sizes: readonly number[],
  seed = 1
): Promise<void> {
  const results: ScaleResult[] = []
  report.line(`${protocol}: nodes  MB  s  s of a processor`)

  for (const nodes of sizes) {
    const result = await runApart<ScaleResult>('process.ts', protocol, String(nodes), String(seed))
    results.push(result)
    const { rssBytes, ms, cpuMs } = result
    report.line(`${nodes}  ${(rssBytes / 1e6).toFixed(0)}  ${(ms / 1e3).toFixed(1)}  ${(cpuMs / 1e3).toFixed(1)}`)
  }

  show(report, results)
  draw(report, protocol, results)
  report.json(`scale-${protocol}`, results)
  judge(report, protocol, results.at(-1)!, await runApart<number>('idle-process.ts', protocol))
}

/** @returns what a file of this folder prints, as a process of its own */
async function runApart<T>(file: string, ...parameters: string[]): Promise<T> {
  const script = new URL(file, import.meta.url).pathname
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, script, ...parameters], {
    maxBuffer: MAX_OUTPUT
  })
  return JSON.parse(stdout) as T
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

function draw(report: Report, protocol: ProtocolName, results: readonly ScaleResult[]): void {
  const x = { label: 'nodes in one process', scale: 'log' } as const
  const points = (of: (result: ScaleResult) => number): [number, number][] =>
    results.map((each) => [each.nodes, of(each)])
  const one = (name: string, title: string, label: string, of: (result: ScaleResult) => number): void =>
    report.svg(
      `${name}-${protocol}`,
      plot({
        title: `${title}: ${protocol}`,
        description: 'Each size in a process of its own.',
        x,
        y: { label },
        series: [{ name: label, points: points(of) }]
      })
    )
  one('scale-memory', 'Memory of one simulated node', 'kB a node', ({ nodeBytes }) => nodeBytes / 1e3)
  one(
    'scale-cost',
    'What one simulated message costs',
    'µs a message',
    ({ cpuMs, messages }) => (1e3 * cpuMs) / messages
  )
  one('scale-latency', 'How long it takes to come to all', 'p99, ms', ({ p99Latency }) => p99Latency)
  one(
    'scale-bytes',
    'What a delivery costs the network',
    'bytes a delivery',
    ({ bytesPerDelivery }) => bytesPerDelivery
  )
}

function judge(report: Report, protocol: ProtocolName, result: ScaleResult, idlePeerBytes: number): void {
  const { nodes, rssBytes, cpuMs, delivery } = result
  const took = `${(rssBytes / 2 ** 30).toFixed(1)} GiB, ${(cpuMs / 1_000).toFixed(0)} s of a processor`
  report.check(
    `${protocol}: ${nodes} nodes within 12 GiB and 10 minutes (${took})`,
    rssBytes <= MAX_BYTES && cpuMs <= MAX_MS
  )
  report.check(`${protocol}: what is sent arrives at 99.9 % (${percent(delivery)})`, delivery >= 0.999)
  const idle = `${idlePeerBytes.toFixed(0)} bytes`
  report.check(`${protocol}: an idle peer takes at most 2 kB of the engine (${idle})`, idlePeerBytes <= MAX_IDLE_BYTES)
}
