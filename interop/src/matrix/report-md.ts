import { grids, reasons, score } from './report.ts'
import type { Result } from './cell.ts'
import type { Grid, RunReport } from './report.ts'

const SIGNS = { passed: '✓', failed: '✗', 'not run': 'not run' } as const

export function markdown(report: RunReport): string {
  const { started, seconds, passed, failed, notRun, versions, cells, faults } = report
  const failures = cells.filter(({ verdict }) => verdict === 'failed')
  return [
    '# Interoperability',
    '',
    `${started}, ${seconds} s: ${passed} passed, ${failed} failed, ${notRun} not run.`,
    '',
    ...Object.entries(versions).map(([name, text]) => `- ${name}: ${oneLine(text)}`),
    '',
    ...grids(cells).flatMap(table),
    ...section(
      'Figures',
      cells.flatMap(({ id, figures = [] }) => figures.map((figure) => `- ${id}: ${figure}`))
    ),
    ...section('Failed', failures.flatMap(failure)),
    ...section(
      'Not run',
      reasons(cells).map(([reason, ids]) => `- ${oneLine(reason)}: ${ids.length} cells`)
    ),
    ...section(
      `Broken peers: ${score(faults)}`,
      faults.map(({ name, about, found, cells: [cell] }) => {
        const how = found ? `found by ${cell!.id.replace(/^[^/]*\//, '')}: ${oneLine(cell!.reason ?? '')}` : 'NOT FOUND'
        return `- ${name} (${about}): ${how}`
      })
    ),
    `${passed} passed, ${failed} failed`,
    ''
  ].join('\n')
}

function table({ title, features, rows }: Grid): string[] {
  return [
    `## ${title}`,
    '',
    `| | ${features.join(' | ')} |`,
    `|---|${features.map(() => '---').join('|')}|`,
    ...rows.map(
      ({ name, cells }) => `| ${name} | ${features.map((feature) => sign(cells.get(feature))).join(' | ')} |`
    ),
    ''
  ]
}

function sign(result: Result | undefined): string {
  return result === undefined ? '' : SIGNS[result.verdict]
}

function failure({ id, reason, logs, replay }: Result): string[] {
  return [`- **${id}**: ${oneLine(reason ?? '')}`, `  - \`${replay}\``, ...logs.map((log) => `  - [${log}](${log})`)]
}

function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : [`## ${title}`, '', ...lines, '']
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 400)
}
