/**
 * Exactly n copies: the candidates are tried one by one, nearest first, until enough of them were read back.
 *
 * @see docs/specs/dht.md#replication
 */

/** A peer, and where it stands: SHA-256 of its id */
export interface Candidate<Id> {
  id: Id
  place: Uint8Array
}

/** Candidates by their XOR distance from a target, nearest first */
export function nearestFirst<Id>(target: Uint8Array, candidates: readonly Candidate<Id>[]): Id[] {
  return candidates.toSorted((a, b) => compareDistance(target, a.place, b.place)).map(({ id }) => id)
}

function compareDistance(target: Uint8Array, a: Uint8Array, b: Uint8Array): number {
  for (const [i, byte] of target.entries()) {
    const difference = (byte ^ a[i]!) - (byte ^ b[i]!)

    if (difference !== 0) {
      return difference
    }
  }

  return 0
}

export interface Placed<Id> {
  /** Said that they stored it */
  stored: Id[]
  /** Of those, gave back the very same bytes */
  verified: Id[]
}

/** One value's way to its copies. It holds no peers: the owner asks whom to try next, and tells what came of it. */
export class Placement<Id> {
  readonly placed: Placed<Id> = { stored: [], verified: [] }
  private readonly candidates: readonly Id[]
  private readonly copies: number
  private at = 0

  /** @param candidates - nearest first */
  constructor(candidates: readonly Id[], copies: number) {
    this.candidates = candidates
    this.copies = copies
  }

  /** Whom to try next; undefined once there are enough copies, or nobody is left */
  next(): Id | undefined {
    return this.placed.verified.length < this.copies ? this.candidates[this.at++] : undefined
  }

  told(id: Id, { stored, verified }: { stored: boolean; verified: boolean }): void {
    if (stored) {
      this.placed.stored.push(id)
    }

    if (stored && verified) {
      this.placed.verified.push(id)
    }
  }
}
