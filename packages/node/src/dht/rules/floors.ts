/**
 * What was seen, so that nothing older is taken again: per key and owner the highest sequence, and per plain key the
 * value that won. A floor outlives the value; it goes when there are too many, the one not raised for longest first, but
 * never one of a value held here.
 *
 * @see docs/specs/dht.md#no-rollback
 */
import { compareRanks, rankOf } from './order.ts'
import type { Rank } from './order.ts'
import type { Sealed } from './sealed.ts'

export interface Floor extends Rank {
  /** Of the envelope that set it */
  digest: string
}

/** `id` to its new floor, or to nothing when it was dropped: what a store must follow */
export type FloorChange = readonly [id: string, floor: Floor | undefined]

export type Verdict = 'new' | 'known' | 'older' | 'conflict' | 'outranked'

export interface FloorsInit {
  /** More than values can be held: those floors stay */
  max: number
  /** Whether a floor belongs to a value held here */
  isHeld(id: string): boolean
}

export class Floors {
  /** BOUNDED by max; the floor not raised for longest leaves, unless its value is held */
  private readonly floors = new Map<string, Floor>()
  private readonly init: FloorsInit

  constructor(init: FloorsInit) {
    this.init = init
  }

  get size(): number {
    return this.floors.size
  }

  /** Of the value that won, whoever its owner is. @returns 0 when none was seen */
  latestIssuedAt(recordKey: string): number {
    return this.floors.get(recordKey)?.issuedAt ?? 0
  }

  /** The highest sequence seen of an owner. @returns 0 when none was */
  highestSequence(recordKey: string, owner: string): number {
    return this.floors.get(sequenceId(recordKey, owner))?.sequence ?? 0
  }

  /** What the floors say of a value; they stay as they are */
  judge(record: Sealed): Verdict {
    const { recordKey, envelope, digest, owner } = record
    const own = this.floors.get(sequenceId(recordKey.text, owner))
    const latest = this.floors.get(recordKey.text)

    if (own !== undefined && envelope.sequence < own.sequence) {
      return 'older'
    } else if (envelope.sequence === own?.sequence && digest !== own.digest) {
      return 'conflict'
    } else if (latest !== undefined && compareRanks(rankOf(record), latest, false) < 0) {
      return 'outranked'
    }

    return digest === own?.digest ? 'known' : 'new'
  }

  /** A value that was judged new, and whose signature is good. @returns what changed */
  raise(record: Sealed): FloorChange[] {
    const { recordKey, owner, digest } = record
    const floor: Floor = { ...rankOf(record), digest }
    const ids = recordKey.owner === undefined ? [recordKey.text] : []
    ids.push(sequenceId(recordKey.text, owner))
    return ids.flatMap((id) => [[id, floor], ...this.set(id, floor)] as FloorChange[])
  }

  /** As it was stored, in the order of raising */
  load(id: string, floor: Floor): void {
    this.set(id, floor)
  }

  private set(id: string, floor: Floor): FloorChange[] {
    this.floors.delete(id)
    this.floors.set(id, floor)
    const dropped = this.floors.size > this.init.max ? this.drop() : undefined
    return dropped === undefined ? [] : [[dropped, undefined]]
  }

  private drop(): string | undefined {
    // each turn moves a held one to the young end: at most as many turns as values are held
    for (const [id, floor] of this.floors) {
      this.floors.delete(id)

      if (!this.init.isHeld(id)) {
        return id
      }

      this.floors.set(id, floor)
    }

    return undefined
  }
}

/** The ids of the floors that a value sets */
export function floorIds(recordKey: string, owner: string, isOwned: boolean): string[] {
  return isOwned ? [sequenceId(recordKey, owner)] : [recordKey, sequenceId(recordKey, owner)]
}

function sequenceId(recordKey: string, owner: string): string {
  return `${recordKey} ${owner}`
}
