import { engineDefaults } from '@hearsay/protocol-cup2py/engine'
import { delivered, isHeard, isHeardInTime, isUndisturbed } from './judgements.ts'
import { BOMB, HONEST, OLD_RECORDS, PLACES, STORM } from './records-scenarios.ts'
import type { Judgement } from './judgements.ts'
import type { RecordsOutcome } from './records-lab.ts'

/** What our CUP2PY engine must withstand, by the numbers of the threat model. */
export interface RecordsThreshold {
  threat: string
  scenario: string
  expects: string
  judge: (outcome: RecordsOutcome, baseline: RecordsOutcome) => Judgement
}

const BOMB_EDGES = BOMB.users * BOMB.entries

export const recordsThresholds: readonly RecordsThreshold[] = [
  {
    threat: 'T5',
    scenario: 'flood',
    expects: 'at least 99 % of honest records delivered under ten times the load',
    judge: isHeard
  },
  {
    threat: 'T6',
    scenario: 'ttl-0 storm',
    expects: 'at most nodes × fanout × records sent on, then silence',
    judge: ({ forwards, restless }) => ({
      held: forwards <= HONEST * engineDefaults.fanout * STORM && restless === 0,
      found: `${forwards} sent on, ${restless} after that`
    })
  },
  {
    threat: 'T7',
    scenario: 'SEARCH bomb',
    expects: `at most a message for each of ${BOMB_EDGES} edges`,
    judge: ({ forwards }) => ({ held: forwards <= BOMB_EDGES, found: `${forwards} messages` })
  },
  {
    threat: 'T8',
    scenario: 'reflection',
    expects: 'no byte to somebody who took no part',
    judge: ({ reflected }) => ({ held: reflected === 0, found: `${reflected} bytes` })
  },
  {
    threat: 'T9',
    scenario: 'rollback',
    expects: `none of ${OLD_RECORDS} old records accepted, not even where the new ones were lost`,
    judge: ({ rolledBack }) => ({ held: rolledBack === 0, found: `${rolledBack} accepted` })
  },
  {
    threat: 'T11',
    scenario: 'seen-poisoning',
    expects: 'as many true records delivered as without attackers, to a thousandth',
    judge: isUndisturbed
  },
  {
    threat: 'T13',
    scenario: 'Sybil join',
    expects: 'at least 99 % delivered, p99 latency at most twice that of the baseline',
    judge: isHeardInTime
  },
  {
    threat: 'T14',
    scenario: 'eclipse one',
    expects: `one attacker in at most half of ${PLACES} places of a book, and all its user says delivered`,
    judge: (outcome) => ({
      held: outcome.worstHostile <= PLACES / 2 && outcome.delivery === 1,
      found: `${outcome.worstHostile} places, ${delivered(outcome)}`
    })
  }
]
