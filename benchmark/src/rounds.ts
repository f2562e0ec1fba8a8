/** One thing to measure: how many a second, in one round. */
export interface Subject {
  name: string
  /** @returns operations per second */
  measure(): Promise<number>
}

export interface Measured {
  name: string
  median: number
  lowest: number
  highest: number
}

/** Length of one measurement, in ms */
export const MEASURE_TIME = 1_000

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

/** Measures the subjects in turns, so that what slows the machine down slows all of them */
export async function interleave(subjects: readonly Subject[], rounds: number): Promise<Measured[]> {
  const results = subjects.map(() => [] as number[])

  for (let round = 0; round < rounds; round++) {
    for (const [i, subject] of subjects.entries()) {
      results[i]!.push(await subject.measure())
      process.stderr.write(`\r  round ${round + 1} of ${rounds}: ${subject.name}`.padEnd(70))
    }
  }

  process.stderr.write(`\r${''.padEnd(70)}\r`)
  return results.map((all, i) => {
    const sorted = all.toSorted((a, b) => a - b)
    return {
      name: subjects[i]!.name,
      median: sorted[sorted.length >> 1]!,
      lowest: sorted[0]!,
      highest: sorted.at(-1)!
    }
  })
}
