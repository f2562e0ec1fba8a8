import { figures } from '@hearsay/protocol-shout/codec'
import { HARDENED, shouting } from './contestants.ts'
import { isHeard, isHeardInTime, isUndisturbed } from './judgements.ts'
import type { Judgement } from './judgements.ts'
import type { Outcome } from './lab.ts'

/** What an engine of ours must withstand, by the numbers of the threat model. */
export interface Threshold {
  threat: string
  /** Whose run is judged. @default gossip with `HARDENED` */
  contestant?: string
  scenario: string
  expects: string
  judge: (outcome: Outcome, baseline: Outcome) => Judgement
}

const HONEST = 100
const STORM = 200
/** Of one SHOUT, with eight connections initiated by each node */
const SHOUT_COST = figures.limitedMessages(HONEST, 8)
const HALF_OF_A_VIEW = 15

const contestant = shouting.name
const undisturbed = 'as many true payloads delivered as without attackers, to a thousandth'
const isForgotten: Threshold['judge'] = ({ replayed }) => ({ held: replayed === 0, found: `${replayed} replayed` })

export const thresholds: readonly Threshold[] = [
  {
    threat: 'T5',
    scenario: 'flood',
    expects: 'at least 99 % of honest payloads delivered under ten times the load',
    judge: isHeard
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
    judge: isForgotten
  },
  {
    threat: 'T11',
    scenario: 'seen-poisoning',
    expects: undisturbed,
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
    scenario: 'table filling',
    expects: 'one attacker in at most half of the places of any view',
    judge: ({ worstHostile }) => ({ held: worstHostile <= HALF_OF_A_VIEW, found: `${worstHostile} of 30 places` })
  },
  {
    threat: 'T5',
    contestant,
    scenario: 'flood',
    expects: 'at least 99 % of honest payloads delivered under ten times the load',
    judge: isHeard
  },
  {
    threat: 'T6',
    contestant,
    scenario: 'ttl-0 storm',
    expects: `exactly (2ℓ − 1)n + 1 messages for each of ${STORM}, then silence`,
    judge: ({ forwards, restless }) => ({
      held: forwards === STORM * SHOUT_COST && restless === 0,
      found: `${forwards} sent on, ${restless} after that`
    })
  },
  { threat: 'T10', contestant, scenario: 'replay', expects: 'no payload handed over twice', judge: isForgotten },
  { threat: 'T11', contestant, scenario: 'seen-poisoning', expects: undisturbed, judge: isUndisturbed }
]
