import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { html } from './report-html.ts'
import { markdown } from './report-md.ts'
import type { RunReport } from './report.ts'

/** `report.json`, `report.md` and `report.html` */
export function writeReport(out: string, report: RunReport): void {
  writeFileSync(join(out, 'report.json'), `${JSON.stringify(report, null, 2)}\n`)
  writeFileSync(join(out, 'report.md'), markdown(report))
  writeFileSync(join(out, 'report.html'), html(report))
}
