import { percent } from '../report/table.ts'
import type { Outcome } from './lab.ts'
import type { RecordsOutcome } from './records-lab.ts'

/** What is measured of an attack on any protocol */
export type AnyOutcome = Pick<Outcome, keyof Outcome & keyof RecordsOutcome>

export interface Row<AnOutcome extends AnyOutcome> {
  scenario: string
  protocol: string
  outcome: AnOutcome
}

/** Without the share of attackers, which each protocol calls its own name */
export const COLUMNS: readonly string[] = [
  'scenario',
  'protocol',
  'delivered',
  'to victims',
  'p50 ms',
  'p99 ms',
  'duplicates',
  'bytes/delivery',
  'penalties',
  'honest punished'
]

/** Of those columns, and the share of attackers */
export function cells({ scenario, protocol, outcome }: Row<AnyOutcome>): (string | number)[] {
  return [
    scenario,
    protocol,
    percent(outcome.delivery),
    percent(outcome.victims),
    outcome.p50Latency.toFixed(0),
    outcome.p99Latency.toFixed(0),
    outcome.duplicates.toFixed(2),
    outcome.bytesPerDelivery.toFixed(0),
    outcome.penalties,
    outcome.wronglyPunished,
    percent(outcome.hostileShare)
  ]
}
