import { setTimeout as wait } from 'node:timers/promises'

/** One thing to measure: how many a second, in one round. */
export interface Subject {
  name: string
  /** @returns operations per second */
  measure(): Promise<number>
}

export interface Summary {
  median: number
  lowest: number
  highest: number
}

export interface Measured extends Summary {
  name: string
}

/** One thing to measure in turns with others, whatever comes of it. */
export interface Trial<T> {
  name: string
  run(): Promise<T>
}

/** Length of one measurement, in ms */
export const MEASURE_TIME = 1_000

/** What all rounds of one call to `takeTurns` may take together, in ms; a part makes one or two such calls */
export const BUDGET = 90_000

/** How many a second, of something that does not wait; `run` does `batch` of them */
export function perSecond(batch: number, run: () => void): number {
  const start = performance.now()
  let count = 0

  while (performance.now() - start < MEASURE_TIME) {
    run()
    count += batch
  }

  return count / ((performance.now() - start) / 1_000)
}

/**
 * Runs the trials in turns, so that what slows the machine down slows all of them; who begins changes from round to
 * round. There are fewer rounds than asked for, and at least one, where more would not fit into the budget.
 *
 * @returns for each trial, what came of it in each round
 */
export async function takeTurns<T>(trials: readonly Trial<T>[], rounds: number, budget = BUDGET): Promise<T[][]> {
  const results = trials.map((): T[] => [])
  const start = performance.now()

  for (let round = 0; round < rounds; round++) {
    if (round > 0 && ((performance.now() - start) / round) * (round + 1) > budget) {
      process.stderr.write(`  ${round} of ${rounds} rounds: one more would take longer than ${budget / 1_000} s\n`)
      break
    }

    for (let turn = 0; turn < trials.length; turn++) {
      const i = (round + turn) % trials.length
      showProgress(`  round ${round + 1} of ${rounds}: ${trials[i]!.name}`)
      results[i]!.push(await trials[i]!.run())
    }
  }

  showProgress('')
  return results
}

/** On a terminal only: elsewhere each would be a line of its own */
function showProgress(text: string): void {
  if (process.stderr.isTTY) {
    process.stderr.write(`\r${text.padEnd(78)}${text === '' ? '\r' : ''}`)
  }
}

/** Measures the subjects in turns. @returns medians of what each did in a second */
export async function interleave(subjects: readonly Subject[], rounds: number, budget = BUDGET): Promise<Measured[]> {
  const trials = subjects.map((subject) => ({ name: subject.name, run: async () => subject.measure() }))
  const results = await takeTurns(trials, rounds, budget)
  return results.map((all, i) => ({ name: subjects[i]!.name, ...summarise(all) }))
}

export function summarise(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b)
  return { median: sorted[sorted.length >> 1]!, lowest: sorted[0]!, highest: sorted.at(-1)! }
}

/** The value that a share of them does not exceed; NaN of none */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).toSorted()
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

/** Looks every few ms until it is so. @throws {Error} when it is not so after `patience` ms */
export async function until(what: string, holds: () => boolean, patience = 30_000): Promise<void> {
  for (const start = performance.now(); !holds();) {
    if (performance.now() - start > patience) {
      throw new Error(`${what}: not within ${patience / 1_000} s`)
    }

    await wait(10)
  }
}
