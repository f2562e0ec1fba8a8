/**
 * Which of two values for one key wins. Of a plain key: the one issued last, then the lowest owner key, then the highest
 * sequence. Of an owned key: the highest sequence.
 *
 * @see docs/specs/dht.md#order
 */
import type { Sealed } from './sealed.ts'

/** What of a value the order compares */
export interface Rank {
  issuedAt: number
  /** In hexadecimal digits */
  owner: string
  sequence: number
}

export function rankOf({ envelope, owner }: Sealed): Rank {
  return { issuedAt: envelope.issuedAt, owner, sequence: envelope.sequence }
}

/** Positive when `a` wins, negative when `b` does, 0 when neither */
export function compareRanks(a: Rank, b: Rank, isOwned: boolean): number {
  if (isOwned || (a.issuedAt === b.issuedAt && a.owner === b.owner)) {
    return a.sequence - b.sequence
  } else if (a.issuedAt !== b.issuedAt) {
    return a.issuedAt - b.issuedAt
  }

  return a.owner < b.owner ? 1 : -1
}

/** The index of the value that wins; the first of those that are as good. Records are of one key, at least one */
export function bestOf(records: readonly Sealed[]): number {
  let best = 0

  for (const [i, record] of records.entries()) {
    if (supersedes(record, records[best]!)) {
      best = i
    }
  }

  return best
}

/** Whether `next` wins over `held` */
export function supersedes(next: Sealed, held: Sealed): boolean {
  const byRank = compareRanks(rankOf(next), rankOf(held), next.recordKey.owner !== undefined)
  // an owner that gave one sequence twice: all readers must still choose the same
  return byRank > 0 || (byRank === 0 && next.digest < held.digest)
}
