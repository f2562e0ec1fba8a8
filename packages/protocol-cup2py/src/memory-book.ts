import { BoundedMap } from '@hearsay/protocol-core/pure'
import { MAX_FLOORS } from './constants.ts'
import { versionOf } from './record.ts'
import type { AddressBook, BookEntry } from './address-book.ts'
import type { KnownUser } from './contract.ts'
import type { UserRecord } from './record.ts'

interface Held extends BookEntry {
  pinned: boolean
}

/** An address book for as long as the process lasts. */
export class MemoryBook implements AddressBook {
  /** BOUNDED by its user: the engine deletes those beyond maxUsers */
  private readonly users = new Map<string, Held>()
  /** Dates by user hash */
  private readonly floors = new BoundedMap<string, string>(MAX_FLOORS)

  open(): KnownUser[] {
    const users = [...this.users.values()].toSorted((a, b) => a.reachedAt - b.reachedAt)
    return users.map(({ record, reachedAt, pinned }) => {
      const { hash, address } = record
      return { hash, address, reachedAt, pinned, ...versionOf(record) }
    })
  }

  close(): void {
    // it stays readable, and may be opened again
  }

  get(hash: string): UserRecord | undefined {
    return this.users.get(hash)?.record
  }

  floor(hash: string): string | undefined {
    return this.floors.get(hash)
  }

  put(entries: readonly BookEntry[]): void {
    for (const { record, reachedAt } of entries) {
      const { hash, date } = record

      if (date >= (this.floors.get(hash) ?? '')) {
        const held = this.users.get(hash)
        const reached = Math.max(reachedAt, held?.reachedAt ?? 0)
        this.users.set(hash, { record, reachedAt: reached, pinned: held?.pinned ?? false })
        this.floors.set(hash, date)
      }
    }
  }

  delete(hashes: readonly string[]): void {
    hashes.forEach((hash) => this.users.delete(hash))
  }

  setReached(hash: string, reachedAt: number): void {
    const held = this.users.get(hash)

    if (held !== undefined) {
      held.reachedAt = reachedAt
    }
  }

  setPinned(hash: string, pinned: boolean): void {
    const held = this.users.get(hash)

    if (held !== undefined) {
      held.pinned = pinned
    }
  }

  *records(): Iterable<UserRecord> {
    for (const { record } of this.users.values()) {
      yield record
    }
  }
}
