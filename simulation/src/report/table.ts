export type Cell = string | number

/** Columns side by side, numbers to the right; at most `digits` of a fraction are shown */
export function table(columns: readonly string[], rows: readonly (readonly Cell[])[], digits = 2): string {
  const texts = rows.map((row) => row.map((cell) => text(cell, digits)))
  const widths = columns.map((column, i) => Math.max(column.length, ...texts.map((row) => row[i]!.length)))
  const isNumeric = columns.map((_, i) => rows.every((row) => typeof row[i] === 'number'))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (isNumeric[i] === true ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd()

  return [line(columns), widths.map((width) => '-'.repeat(width)).join('  '), ...texts.map(line)].join('\n')
}

/** 12,345.6: thousands apart, no zeros at the end */
export function text(cell: Cell, digits = 2): string {
  return typeof cell === 'string' ? cell : cell.toLocaleString('en', { maximumFractionDigits: digits })
}

/** 98.76 % */
export function percent(share: number): string {
  return Number.isNaN(share) ? '–' : `${(100 * share).toFixed(2)} %`
}
