import type { AnyOutcome } from './any-outcome.ts'

/** Whether it held, and what was found */
export interface Judgement {
  held: boolean
  found: string
}

export const delivered = ({ delivery }: AnyOutcome): string => `${(100 * delivery).toFixed(2)} % delivered`

export function isHeard(outcome: AnyOutcome): Judgement {
  return { held: outcome.delivery >= 0.99, found: delivered(outcome) }
}

export function isUndisturbed(outcome: AnyOutcome, baseline: AnyOutcome): Judgement {
  return { held: outcome.delivery >= baseline.delivery - 0.001, found: delivered(outcome) }
}

export function isHeardInTime(outcome: AnyOutcome, baseline: AnyOutcome): Judgement {
  return {
    held: outcome.delivery >= 0.99 && outcome.p99Latency <= 2 * baseline.p99Latency,
    found: `${delivered(outcome)}, p99 ${outcome.p99Latency.toFixed(0)} ms against ${baseline.p99Latency.toFixed(0)} ms`
  }
}
