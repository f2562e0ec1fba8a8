import { grids, score } from './report.ts'
import type { Result } from './cell.ts'
import type { FaultResult } from './faults.ts'
import type { Grid, RunReport } from './report.ts'

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; max-width: 75rem; color: #222; background: #fff }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { border: 1px solid #ccc; padding: .3rem .6rem; text-align: left }
td.passed { background: #d9f2d9 } td.failed { background: #f6c6c6 } td.not-run { background: #eee; color: #555 }
td a { color: inherit } section:target { outline: 3px solid #d90 }
section { border-top: 1px solid #ddd; padding: .5rem } pre { white-space: pre-wrap; background: #f6f6f6; padding: .5rem }`

/** One static page: a grid whose cells lead to their logs and the command that replays them */
export function html(report: RunReport): string {
  const { started, seconds, passed, failed, notRun, versions, cells, faults } = report
  const all = [...cells, ...faults.flatMap((fault) => fault.cells)]
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><title>Interoperability</title>',
    `<style>${STYLE}</style></head><body>`,
    '<h1>Interoperability</h1>',
    `<p><strong>${passed} passed, ${failed} failed</strong>, ${notRun} not run; ${escape(started)}, ${seconds} s</p>`,
    `<ul>${Object.entries(versions)
      .map(([name, text]) => `<li>${escape(name)}: ${escape(text)}</li>`)
      .join('')}</ul>`,
    ...grids(cells).map(table),
    ...(faults.length === 0 ? [] : [broken(faults)]),
    '<h2>Cells</h2>',
    ...all.map(details),
    '</body></html>',
    ''
  ].join('\n')
}

function table({ title, features, rows }: Grid): string {
  const head = features.map((feature) => `<th>${escape(feature)}</th>`).join('')
  const body = rows.map(
    ({ name, cells }) =>
      `<tr><th>${escape(name)}</th>${features.map((feature) => cell(cells.get(feature))).join('')}</tr>`
  )
  return `<h2>${escape(title)}</h2><table><tr><th></th>${head}</tr>${body.join('\n')}</table>`
}

function cell(result: Result | undefined): string {
  if (result === undefined) {
    return '<td></td>'
  }

  const { id, verdict, reason, seconds } = result
  const title = escape(reason ?? `${seconds} s`)
  return `<td class="${verdict.replace(' ', '-')}"><a href="#${escape(id)}" title="${title}">${verdict}</a></td>`
}

function broken(faults: readonly FaultResult[]): string {
  const rows = faults.map(({ name, about, found, cells: [first] }) => {
    const link = `<a href="#${escape(first?.id ?? '')}">${found ? 'found' : 'NOT FOUND'}</a>`
    const verdict = `<td class="${found ? 'passed' : 'failed'}">${link}</td>`
    return `<tr><th>${escape(name)}</th><td>${escape(about)}</td>${verdict}</tr>`
  })
  return `<h2>Broken peers: ${escape(score(faults))}</h2><table>${rows.join('\n')}</table>`
}

function details({ id, verdict, reason, seconds, logs, replay, figures = [] }: Result): string {
  const links = logs.map((log) => `<li><a href="${escape(log)}">${escape(log)}</a></li>`).join('')
  return [
    `<section id="${escape(id)}"><h3>${escape(id)}: ${verdict}</h3>`,
    reason === undefined ? `<p>${seconds} s</p>` : `<pre>${escape(reason)}</pre>`,
    ...figures.map((figure) => `<p>${escape(figure)}</p>`),
    `<p><code>${escape(replay)}</code></p><ul>${links}</ul></section>`
  ].join('\n')
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (each) => `&#${each.codePointAt(0)};`)
}
