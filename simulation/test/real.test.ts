import { describe, expect, it } from 'vitest'
import { compareWithReal } from '../real/experiment.ts'
import { Report } from '../src/experiment.ts'

/** Twenty nodes in one process, on a machine that others use too */
const PATIENCE = 240_000

describe('twenty real nodes on TCP', () => {
  it('do what is simulated of them', { timeout: PATIENCE }, async () => {
    const lines: string[] = []
    const report = new Report('', (line) => lines.push(line))
    report.json = () => {}
    await compareWithReal(report)
    expect(report.checks).toHaveLength(5)
    expect(report.checks.filter(({ passed }) => !passed)).toEqual([])
    expect(lines[0]).toMatch(/SHOUT: messages, formula 61 +61 +61/)
  })
})
