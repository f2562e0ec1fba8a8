import { plot } from '../report/plot.ts'
import { table } from '../report/table.ts'
import { cells, COLUMNS } from './any-outcome.ts'
import { contestants, hardened, shouting } from './contestants.ts'
import { scenarios } from './scenarios.ts'
import { thresholds } from './thresholds.ts'
import type { Report } from '../experiment.ts'
import type { Row } from './any-outcome.ts'
import type { Contestant } from './contestants.ts'
import type { Outcome } from './lab.ts'
import type { AttackScenario } from './scenarios.ts'

/** Every scenario against every contestant; simulated figures, all of them. */
export function runLab(report: Report, seed: number, only?: readonly string[]): void {
  const chosen = scenarios.filter(({ name }) => only === undefined || only.includes(name) || name === 'baseline')
  const rows = chosen.flatMap((scenario) => {
    report.line(`${scenario.name}: ${scenario.what}`)
    return contestants.map((each) => play(scenario, each, seed))
  })
  report.line(table([...COLUMNS, 'hostile neighbours'], rows.map(cells)))
  report.json('attack', rows)
  draw(report, rows)
  judge(report, rows, seed)
}

/** The thresholds alone, against those they are for */
export function judgeOurs(report: Report, seed: number): void {
  const rows = thresholds.flatMap(({ contestant = hardened.name, scenario }) =>
    [scenario, 'baseline'].map((name) => `${contestant}\n${name}`)
  )
  const chosen = [...new Set(rows)].map((row) => row.split('\n') as [string, string])
  judge(
    report,
    chosen.map(([name, scenario]) =>
      play(
        scenarios.find((each) => each.name === scenario)!,
        contestants.find((each) => each.name === name)!,
        seed
      )
    ),
    seed
  )
}

function play(scenario: AttackScenario, { name, play: run }: Contestant, seed: number): Row<Outcome> {
  return { scenario: scenario.name, protocol: name, outcome: run(scenario, seed) }
}

function judge(report: Report, rows: readonly Row<Outcome>[], seed: number): void {
  const find = (contestant: string, name: string): Outcome | undefined =>
    rows.find(({ protocol, scenario }) => protocol === contestant && scenario === name)?.outcome

  for (const { threat, contestant = hardened.name, scenario, expects, judge: judgement } of thresholds) {
    const outcome = find(contestant, scenario)

    if (outcome !== undefined) {
      const { held, found } = judgement(outcome, find(contestant, 'baseline')!)
      report.check(
        `${threat} ${scenario}, ${contestant}: ${expects}`,
        held,
        `${found}; replay: pnpm attack '${scenario}' --seed ${seed}`
      )
    }
  }

  const ours = rows.filter(({ protocol }) => protocol === hardened.name || protocol === shouting.name)
  const punished = ours.filter(({ outcome }) => outcome.wronglyPunished > 0)
  const names = punished.map(({ scenario, protocol }) => `${scenario} (${protocol})`)
  report.check('no honest peer is punished', names.length === 0, names.join())
}

function draw(report: Report, rows: readonly Row<Outcome>[]): void {
  const names = [...new Set(rows.map(({ scenario }) => scenario))]
  const of = (name: string, pick: (outcome: Outcome) => number): [number, number][] =>
    rows
      .filter(({ protocol }) => protocol === name)
      .map(({ scenario, outcome }) => [names.indexOf(scenario) + 1, pick(outcome)])
  report.svg(
    'attack-delivery',
    plot({
      title: 'Delivered to those the attack is aimed at (simulated)',
      description: 'One mark for each protocol in each scenario.',
      x: { label: 'scenario', names },
      y: { label: 'delivered, %' },
      series: contestants.map(({ name }) => ({
        name,
        points: of(name, ({ victims }) => (Number.isNaN(victims) ? 0 : 100 * victims)),
        as: 'points'
      }))
    })
  )
}
