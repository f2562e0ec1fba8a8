import { join, relative } from 'node:path'
import { readdirSync, writeFileSync } from 'node:fs'
import { Bench } from './bench.ts'
import { idOf } from './cell.ts'
import { MissingError } from './execute.ts'
import type { Cell, Result, Verdict } from './cell.ts'
import type { OurNode } from './our-node.ts'
import type { Program } from './peer-process.ts'

export interface RunInit {
  /** Where the report stands; logs are in `report/` beside it */
  out: string
  /** Of an implementation's name */
  programOf: (implementation: string) => Program
  ours: OurNode
  /** The command that runs a cell alone */
  replayOf: (id: string) => string
  /** Cells at once */
  concurrency: number
  signal: AbortSignal
  onResult: (result: Result) => void
}

/** In ms, unless the cell has its own */
const CELL_TIMEOUT = 90_000

/** Runs all cells, in the order given as far as concurrency allows. */
export async function runCells(cells: readonly Cell[], init: RunInit): Promise<Result[]> {
  const results: Result[] = []
  let next = 0

  const work = async (): Promise<void> => {
    while (next < cells.length && !init.signal.aborted) {
      const at = next++
      results[at] = await runCell(cells[at]!, init)
      init.onResult(results[at])
    }
  }

  await Promise.all(Array.from({ length: init.concurrency }, work))
  return results.filter((result) => result !== undefined)
}

export async function runCell(cell: Cell, { out, programOf, ours, replayOf, signal }: RunInit): Promise<Result> {
  const id = idOf(cell)
  const { implementation, protocol, role, feature, missing } = cell
  const base = { id, implementation, protocol, role, feature, replay: replayOf(id) }

  if (missing !== undefined) {
    return { ...base, verdict: 'not run', reason: missing, seconds: 0, logs: [] }
  }

  const began = performance.now()
  const folder = join(out, 'report', ...id.split('/'))
  const over = AbortSignal.any([signal, AbortSignal.timeout(cell.timeout ?? CELL_TIMEOUT)])
  const bench = new Bench({ folder, program: programOf(implementation), ours, signal: over })
  const { verdict, reason } = await attempt(cell, bench)
  const seconds = Math.round((performance.now() - began) / 100) / 10
  writeFileSync(join(folder, 'outcome.txt'), `${id}\n${reason ?? 'passed'}\n`)
  const logs = readdirSync(folder).map((name) => relative(out, join(folder, name)))
  const figures = bench.figures.length === 0 ? {} : { figures: bench.figures }
  return { ...base, verdict, reason, seconds, logs, ...figures }
}

async function attempt(cell: Cell, bench: Bench): Promise<{ verdict: Verdict; reason?: string }> {
  try {
    await cell.run(bench)
    return { verdict: 'passed' }
  } catch (err) {
    const { name, message } = err as Error
    const reason = name === 'TimeoutError' ? `not done within ${(cell.timeout ?? CELL_TIMEOUT) / 1_000} s` : message
    return { verdict: err instanceof MissingError ? 'not run' : 'failed', reason }
  } finally {
    await bench.dispose()
  }
}
