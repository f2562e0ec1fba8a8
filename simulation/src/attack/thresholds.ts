import { HARDENED } from './contestants.ts'
import type { Outcome } from './lab.ts'

/** What our engine must withstand, by the numbers of the threat model. Held against the run with `HARDENED`. */
export interface Threshold {
  threat: string
  scenario: string
  expects: string
  /** Whether it held, and what was found */
  judge: (outcome: Outcome, baseline: Outcome) => { held: boolean; found: string }
}

const HONEST = 100
const STORM = 200
const HALF_OF_A_VIEW = 15

const delivered = ({ delivery }: Outcome): string => `${(100 * delivery).toFixed(2)} % delivered`

export const thresholds: readonly Threshold[] = [
  {
    threat: 'T5',
    scenario: 'flood',
    expects: 'at least 99 % of honest payloads delivered under ten times the load',
    judge: (outcome) => ({ held: outcome.delivery >= 0.99, found: delivered(outcome) })
  },
  {
    threat: 'T6',
    scenario: 'ttl-0 storm',
    expects: 'at most nodes × degree × messages sent on, then silence',
    judge: ({ forwards, restless }) => ({
      held: forwards <= HONEST * HARDENED.degree * STORM && restless === 0,
      found: `${forwards} sent on, ${restless} after that`
    })
  },
  {
    threat: 'T10',
    scenario: 'replay',
    expects: 'no payload handed to an application twice',
    judge: ({ replayed }) => ({ held: replayed === 0, found: `${replayed} replayed` })
  },
  {
    threat: 'T11',
    scenario: 'seen-poisoning',
    expects: 'as many true payloads delivered as without attackers, to a thousandth',
    judge: (outcome, baseline) => ({ held: outcome.delivery >= baseline.delivery - 0.001, found: delivered(outcome) })
  },
  {
    threat: 'T13',
    scenario: 'Sybil join',
    expects: 'at least 99 % delivered, p99 latency at most twice that of the baseline',
    judge: (outcome, baseline) => ({
      held: outcome.delivery >= 0.99 && outcome.p99Latency <= 2 * baseline.p99Latency,
      found: `${delivered(outcome)}, p99 ${outcome.p99Latency.toFixed(0)} ms against ${baseline.p99Latency.toFixed(0)} ms`
    })
  },
  {
    threat: 'T14',
    scenario: 'table filling',
    expects: 'one attacker in at most half of the places of any view',
    judge: ({ worstHostile }) => ({ held: worstHostile <= HALF_OF_A_VIEW, found: `${worstHostile} of 30 places` })
  }
]
