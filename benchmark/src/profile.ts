import { Session } from 'node:inspector/promises'
import { sizeName } from './contest.ts'
import { hearsay } from './contestants.ts'
import { randomGraph } from './graph.ts'
import { closedLoop } from './loops.ts'
import type { Profiler } from 'node:inspector/promises'

/** Rows shown */
const ROWS = 10
/** Between samples, in µs */
const INTERVAL = 500
/** In ms; long enough for the compiler to be done with the code */
const WARM_UP = 2_000
const TIME = 4_000
const RUNS = [
  [2, 100],
  [2, 1_024],
  [2, 16_384],
  [10, 100],
  [10, 1_024]
] as const

/** Where the time goes that gossip takes in a closed loop: the functions that took the most themselves */
export async function profileGossip(print: (line: string) => void): Promise<void> {
  for (const [nodes, size] of RUNS) {
    const swarm = await hearsay.start(nodes, randomGraph(nodes))

    try {
      await closedLoop(swarm, size, WARM_UP)
      const profile = await profiled(async () => void (await closedLoop(swarm, size, TIME)))
      print(`\n${nodes} nodes, ${sizeName(size)}: share of the busy time`)
      rows(profile).forEach((row) => print(row))
    } finally {
      await swarm.stop()
    }
  }
}

async function profiled(run: () => Promise<void>): Promise<Profiler.Profile> {
  const session = new Session()
  session.connect()

  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: INTERVAL })
    await session.post('Profiler.start')
    await run()
    return (await session.post('Profiler.stop')).profile
  } finally {
    session.disconnect()
  }
}

function rows({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): string[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const times = new Map<string, number>()

  for (const [i, id] of samples.entries()) {
    const name = names.get(id)!

    // waiting, and starting the profiler itself
    if (name !== '(idle)' && !name.startsWith('post, node:inspector')) {
      times.set(name, (times.get(name) ?? 0) + timeDeltas[i]!)
    }
  }

  const total = [...times.values()].reduce((sum, time) => sum + time, 0)
  return [...times]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, ROWS)
    .map(([name, time]) => `${((100 * time) / total).toFixed(1).padStart(5)} %  ${name}`)
}

/** The function, and the last two parts of where it is */
function nameOf({ functionName, url, lineNumber }: Profiler.ProfileNode['callFrame']): string {
  const file = url.split('/').slice(-2).join('/')
  const name = functionName === '' ? '(anonymous)' : functionName
  return file === '' ? name : `${name}, ${file}:${lineNumber + 1}`
}
