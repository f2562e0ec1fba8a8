import type { KnownUser } from './contract.ts'
import type { UserRecord } from './record.ts'

export type Awaitable<T> = T | PromiseLike<T>

/** A record, and when its user was last reached, in ms since 1970; 0 for never */
export interface BookEntry {
  record: UserRecord
  reachedAt: number
}

/**
 * Where users' records are kept. The service decides what goes in and out; a book keeps it, and the _floor_ of each
 * user: the newest date it ever held of it. What a promise was resolved for outlives a crash of the process.
 *
 * Methods throw `AddressBookError` when what is below fails.
 */
export interface AddressBook {
  /** Called once before all else. @returns its users, those to forget first first */
  open(): Awaitable<KnownUser[]>
  close(): Awaitable<void>
  get(hash: string): Awaitable<UserRecord | undefined>
  /** The newest date ever held of a user, also after its record was deleted */
  floor(hash: string): Awaitable<string | undefined>
  /** Keeps all of these, or none; those older than their floor are left out. Pins stay, and so does a later `reachedAt` */
  put(entries: readonly BookEntry[]): Awaitable<void>
  /** Floors stay */
  delete(hashes: readonly string[]): Awaitable<void>
  /** @param reachedAt - ms since 1970 */
  setReached(hash: string, reachedAt: number): Awaitable<void>
  /** A pinned user is never forgotten */
  setPinned(hash: string, pinned: boolean): Awaitable<void>
  /** All records */
  records(): AsyncIterable<UserRecord> | Iterable<UserRecord>
}
