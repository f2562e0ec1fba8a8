import { Session } from 'node:inspector/promises'
import type { Profiler } from 'node:inspector/promises'

/** Rows shown */
const ROWS = 10
/** Between samples, in µs */
const INTERVAL = 500

/** Runs it under V8's sampling profiler, and says which functions took the most time themselves */
export async function profiled<T>(run: () => Promise<T>, print: (line: string) => void): Promise<T> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL })
  await session.post('Profiler.start')

  try {
    return await run()
  } finally {
    const { profile } = await session.post('Profiler.stop')
    session.disconnect()
    print(`  self time of busy time, the first ${ROWS} rows:`)
    rows(profile).forEach((row) => print(`  ${row}`))
  }
}

function rows({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): string[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const times = new Map<string, number>()

  for (const [i, id] of samples.entries()) {
    const name = names.get(id)!

    if (name !== '(idle)') {
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
