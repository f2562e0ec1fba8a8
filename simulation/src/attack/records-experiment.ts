import { writtenUser } from '../baselines/written-cup2py.ts'
import { ourUser } from '../cup2py/swarm.ts'
import { table } from '../report/table.ts'
import { cells, COLUMNS } from './any-outcome.ts'
import { playRecords, recordsScenarios } from './records-scenarios.ts'
import { recordsThresholds } from './records-thresholds.ts'
import type { Report } from '../experiment.ts'
import type { Row } from './any-outcome.ts'
import type { RecordsOutcome } from './records-lab.ts'

const OURS = 'hearsay cup2py'
const users = [
  { name: OURS, create: ourUser },
  { name: 'cup2py as written', create: writtenUser }
]

/** The scenarios of users and their records, against our engine and CUP2PY as written; simulated figures. */
export function runRecordsLab(report: Report, seed: number, only?: readonly string[]): void {
  const chosen = recordsScenarios.filter(({ name }) => only === undefined || only.includes(name) || name === 'baseline')
  const rows = chosen.flatMap((scenario) => {
    report.line(`${scenario.name} (cup2py): ${scenario.what}`)
    return users.map(({ name, create }) => ({
      scenario: scenario.name,
      protocol: name,
      outcome: playRecords(scenario, create, seed)
    }))
  })
  report.line(
    table([...COLUMNS, 'hostile entries', 'requests', 'rolled back', 'reflected bytes'], rows.map(recordsCells))
  )
  report.json('attack-cup2py', rows)
  judge(report, rows, seed)
}

/** The thresholds alone, against our engine alone. @param honest - users; the bounds are those of a hundred */
export function judgeRecords(report: Report, seed: number, honest?: number): void {
  const names = ['baseline', ...recordsThresholds.map(({ scenario }) => scenario)]
  const rows = recordsScenarios
    .filter(({ name }) => names.includes(name))
    .map((scenario) => ({
      scenario: scenario.name,
      protocol: OURS,
      outcome: playRecords(scenario, ourUser, seed, honest)
    }))
  judge(report, rows, seed)
}

function judge(report: Report, rows: readonly Row<RecordsOutcome>[], seed: number): void {
  const ours = rows.filter(({ protocol }) => protocol === OURS)
  const baseline = ours.find(({ scenario }) => scenario === 'baseline')!.outcome

  for (const { threat, scenario, expects, judge: judgement } of recordsThresholds) {
    const row = ours.find((each) => each.scenario === scenario)

    if (row !== undefined) {
      const { held, found } = judgement(row.outcome, baseline)
      const replay = `replay: pnpm attack '${scenario}' --seed ${seed}`
      report.check(`${threat} ${scenario}, ${OURS}: ${expects}`, held, `${found}; ${replay}`)
    }
  }

  const punished = ours.filter(({ outcome }) => outcome.wronglyPunished > 0).map(({ scenario }) => scenario)
  report.check(`no honest user is punished by ${OURS}`, punished.length === 0, punished.join())
}

function recordsCells(row: Row<RecordsOutcome>): (string | number)[] {
  const { forwards, rolledBack, reflected } = row.outcome
  return [...cells(row), forwards, rolledBack, reflected]
}
