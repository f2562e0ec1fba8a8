/**
 * When a value may be taken, when it goes, and when its owner places it again. All in ms since 1970.
 *
 * @see docs/specs/dht.md#lifetime
 */
import type { Content } from './envelope.ts'

/** How far an honest clock may be ahead of ours */
export const MAX_SKEW = 60_000
/** The largest u16, in ms */
export const MAX_TTL = 65_535_000
export const MAX_REPLICATION = 20

/** Placed again after its half-life, and then at half of what is left, while that is at least this much */
const MIN_REFRESH = 10_000
/** After too few copies: this, doubling */
const FIRST_RETRY = 1_000
const MAX_RETRY_DOUBLINGS = 16

type Lifetime = Pick<Content, 'issuedAt' | 'expiresAt'>

/** @returns why a value cannot be taken now; undefined when it can */
export function timeProblem({ issuedAt, expiresAt, replication }: Content, now: number): string | undefined {
  if (expiresAt <= now) {
    return 'it has expired'
  } else if (issuedAt > now + MAX_SKEW) {
    return 'it was issued too far in the future'
  } else if (expiresAt <= issuedAt || expiresAt - issuedAt > MAX_TTL) {
    return 'its lifetime is longer than allowed'
  }

  return replication >= 1 && replication <= MAX_REPLICATION ? undefined : 'it wants too few or too many copies'
}

/**
 * Sequence and time of a new value of ours: later than all that were.
 *
 * @param lastSequence - the highest that we gave, for any key
 * @param latestIssuedAt - the latest we know of for the key, whoever its owner is
 */
export function stamp(
  now: number,
  lastSequence: number,
  latestIssuedAt: number
): Pick<Content, 'sequence' | 'issuedAt'> {
  const later = latestIssuedAt + 1
  return {
    sequence: Math.max(lastSequence + 1, now),
    // a clock that lags a little must not make our value lose; nobody takes one from further ahead
    issuedAt: later <= now + MAX_SKEW / 2 ? Math.max(now, later) : now
  }
}

/** When the owner places the value again though all copies were made; undefined when it does not */
export function nextRefresh({ issuedAt, expiresAt }: Lifetime, now: number): number | undefined {
  const half = issuedAt + Math.floor((expiresAt - issuedAt) / 2)

  if (now < half) {
    return half
  }

  const left = expiresAt - now
  return left >= 2 * MIN_REFRESH ? now + Math.floor(left / 2) : undefined
}

/**
 * When the owner places the value again after an attempt that made too few copies.
 *
 * @param attempts - those that did, this one included
 */
export function nextRetry(lifetime: Lifetime, attempts: number, now: number): number | undefined {
  const retry = now + FIRST_RETRY * 2 ** Math.min(attempts - 1, MAX_RETRY_DOUBLINGS)
  const refresh = nextRefresh(lifetime, now)
  const next = refresh === undefined ? retry : Math.min(refresh, retry)
  return next < lifetime.expiresAt ? next : undefined
}
