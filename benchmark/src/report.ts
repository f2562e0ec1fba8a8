/** What a run leaves behind: a table with the ratios first, a JSON file, and a picture of each part. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { plot } from '../../simulation/src/report/plot.ts'
import { table } from '../../simulation/src/report/table.ts'
import { passes, quantity } from './comparison.ts'
import type { Comparison } from './comparison.ts'
import type { Machine } from './machine.ts'
import type { Context, Part } from './part.ts'

export interface PartResult {
  part: Part
  comparisons: readonly Comparison[]
  context: Context
  /** How long it took */
  seconds: number
}

export function ratioTable(results: readonly PartResult[]): string {
  const rows = results.flatMap(({ part, comparisons }) =>
    comparisons.map((each) => [
      quantity(each.ratio, each.unit),
      `${each.sense === 'at most' ? '≤' : '≥'} ${quantity(each.target, each.unit)}`,
      passes(each) ? 'pass' : 'FAIL',
      part.id,
      each.what
    ])
  )
  return table(['measured', 'target', '', 'part', 'what'], rows)
}

/** One JSON file for each part, so that a part measured alone leaves the others' as they are; and its pictures */
export function save(folder: string, machine: Machine, result: PartResult): void {
  const { part, comparisons, context, seconds } = result
  const { rounds, figures, leftOut, lines } = context
  const content = {
    part: part.id,
    name: part.name,
    summary: part.summary,
    comparisons: comparisons.map((each) => ({ ...each, passed: passes(each) })),
    leftOut,
    rounds,
    seconds,
    figures,
    lines,
    machine
  }
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${part.name}.json`), `${JSON.stringify(content, undefined, 2)}\n`)
  bars(context, part)

  for (const [name, init] of context.plots) {
    writeFileSync(join(folder, `${name}.svg`), plot(init))
  }
}

/** A picture for each unit of a part's figures; what is no number cannot be drawn */
function bars({ figures, plots }: Context, { id, name, summary }: Part): void {
  for (const unit of new Set(figures.map((figure) => figure.unit))) {
    const shown = figures.filter((figure) => figure.unit === unit && figure.median > 0 && figure.median < Infinity)

    if (shown.length > 1) {
      plots.set(`${name}-${fileName(unit)}`, {
        title: `${id}: ${name}, ${unit}`,
        description: `${summary}: ${unit}, medians.`,
        x: { label: '', names: shown.map((figure) => figure.name) },
        y: { label: unit, scale: 'log' },
        series: [{ name: unit, as: 'bars', points: shown.map(({ median }, i) => [i + 1, median] as const) }]
      })
    }
  }
}

function fileName(unit: string): string {
  return unit
    .replaceAll('%', 'percent')
    .replaceAll('µ', 'u')
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
}
