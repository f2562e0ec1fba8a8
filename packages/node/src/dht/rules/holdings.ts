/**
 * What the records held here are, without their bytes: whether one more may come, and what goes when.
 *
 * @see docs/specs/dht.md#holding
 */
import { Timers } from '@hearsay/protocol-core/pure'
import { floorIds } from './floors.ts'
import { compareRanks, rankOf } from './order.ts'
import type { Rank } from './order.ts'
import type { Sealed } from './sealed.ts'

interface Holding extends Rank {
  digest: string
  expiresAt: number
  bytes: number
  floors: readonly string[]
}

export interface HoldingsLimits {
  /** Records held; one more is refused */
  maxRecords: number
  /** Their bytes together; more are refused */
  maxBytes: number
}

export class Holdings {
  /** BOUNDED by maxRecords: one more is refused */
  private readonly records = new Map<string, Holding>()
  /** Ids of the floors of what is held. BOUNDED by two a record */
  private readonly floors = new Set<string>()
  private readonly expiries = new Timers()
  private readonly limits: HoldingsLimits
  private bytes = 0

  constructor(limits: HoldingsLimits) {
    this.limits = limits
  }

  get size(): number {
    return this.records.size
  }

  holds(floorId: string): boolean {
    return this.floors.has(floorId)
  }

  isLive(recordKey: string, now: number): boolean {
    const held = this.records.get(recordKey)
    return held !== undefined && held.expiresAt > now
  }

  /** @returns why this record is not taken; undefined when it may be added */
  refusal(record: Sealed, bytes: number, now: number): string | undefined {
    const held = this.records.get(record.recordKey.text)

    if (record.envelope.expiresAt <= now) {
      return 'it has expired'
    } else if (held !== undefined && held.expiresAt > now && loses(record, held)) {
      return 'the value held wins over it'
    } else if (held === undefined && this.records.size >= this.limits.maxRecords) {
      return `${this.records.size} values are held, which is all there is room for`
    } else if (this.bytes - (held?.bytes ?? 0) + bytes > this.limits.maxBytes) {
      return `${this.bytes} bytes are held, which is all there is room for`
    }

    return undefined
  }

  add(record: Sealed, bytes: number): void {
    const { recordKey, envelope, owner, digest } = record
    this.remove(recordKey.text)
    const floors = floorIds(recordKey.text, owner, recordKey.owner !== undefined)
    this.records.set(recordKey.text, { ...rankOf(record), digest, expiresAt: envelope.expiresAt, bytes, floors })
    floors.forEach((id) => this.floors.add(id))
    this.expiries.arm(recordKey.text, envelope.expiresAt)
    this.bytes += bytes
  }

  remove(recordKey: string): void {
    const held = this.records.get(recordKey)
    this.records.delete(recordKey)
    this.expiries.disarm(recordKey)
    held?.floors.forEach((id) => this.floors.delete(id))
    this.bytes -= held?.bytes ?? 0
  }

  /** When the earliest goes, if there is any */
  nextExpiry(): number | undefined {
    return this.expiries.next()
  }

  /** A record that has expired, which is held no longer; undefined when there is none */
  takeExpired(now: number): string | undefined {
    const recordKey = this.expiries.takeDue(now)

    if (recordKey !== undefined) {
      this.remove(recordKey)
    }

    return recordKey
  }
}

function loses(record: Sealed, held: Holding): boolean {
  const byRank = compareRanks(rankOf(record), held, record.recordKey.owner !== undefined)
  return byRank < 0 || (byRank === 0 && record.digest !== held.digest)
}
