/**
 * @packageDocumentation
 *
 * An address book in an SQLite file, in a table as the published Python library has it: either opens what the other
 * wrote. What the library does not know stands in a table of its own, `hearsay_state`. Node.js only.
 *
 * @see docs/specs/cup2py.md#address-book
 */
import { DatabaseSync } from 'node:sqlite'
import { MAX_FLOORS } from './constants.ts'
import { AddressBookError } from './errors.ts'
import { versionOf } from './record.ts'
import type { StatementSync } from 'node:sqlite'
import type { AddressBook, BookEntry } from './address-book.ts'
import type { KnownUser } from './contract.ts'
import type { UserRecord } from './record.ts'

export { AddressBookError } from './errors.ts'

/** A row as we or the library wrote it: text, or bytes of it */
type Row = Record<'publicKeyHash' | 'publicKey' | 'ip' | 'updateDate' | 'digitalSignature', string | Uint8Array>
type Statements = Record<
  'get' | 'floor' | 'put' | 'putState' | 'delete' | 'forget' | 'reached' | 'pinned',
  StatementSync
>

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/
const RESERVED = /^(?:sqlite_|hearsay_)/i
const COLUMNS = ['publicKeyHash', 'publicKey', 'ip', 'updateDate', 'digitalSignature']
/** How long to wait for another process that writes, in ms */
const BUSY_TIMEOUT = 5_000
/** Floors are trimmed once in so many writes */
const TRIM_EVERY = 4_096

const decoder = new TextDecoder()

export interface SqliteBookOptions {
  /** The table: letters, digits and `_`, at most 64. @default 'users' */
  name?: string
  /** Floors kept of users that are gone, those of the oldest leave first. @default 200_000 */
  maxFloors?: number
}

export class SqliteBook implements AddressBook {
  private readonly path: string
  private readonly name: string
  private readonly maxFloors: number
  private database: DatabaseSync | undefined
  private statements: Statements | undefined
  private writes = 0

  /**
   * @param path - of the file, made if there is none; `:memory:` for none
   * @throws {AddressBookError} on a name that is none
   */
  constructor(path: string, { name = 'users', maxFloors = MAX_FLOORS }: SqliteBookOptions = {}) {
    if (!NAME.test(name) || RESERVED.test(name)) {
      throw new AddressBookError(
        'an address book is named with letters, digits and _, at most 64, not sqlite_ or hearsay_'
      )
    }

    this.path = path
    this.name = name
    this.maxFloors = maxFloors
  }

  open(): KnownUser[] {
    try {
      return this.guard(() => {
        this.database ??= this.connect()
        this.adopt(this.database)
        this.statements ??= prepare(this.database, this.name)
        return this.users(this.database)
      })
    } catch (err) {
      this.close()
      throw err
    }
  }

  close(): void {
    this.statements = undefined
    this.database?.close()
    this.database = undefined
  }

  get(hash: string): UserRecord | undefined {
    const row = this.guard(() => this.prepared.get.get(hash)) as Row | undefined
    return row === undefined ? undefined : toRecord(row)
  }

  floor(hash: string): string | undefined {
    const row = this.guard(() => this.prepared.floor.get(this.name, hash)) as { floor: string } | undefined
    return row?.floor
  }

  put(entries: readonly BookEntry[]): void {
    const { put, putState, floor } = this.prepared
    this.transaction(() => {
      for (const { record, reachedAt } of entries) {
        const { hash, publicKey, address, date, signature } = record
        const held = floor.get(this.name, hash) as { floor: string } | undefined

        if (date >= (held?.floor ?? '')) {
          put.run(hash, publicKey, address, date, signature)
          putState.run(this.name, hash, date, versionOf(record).rank, reachedAt)
        }
      }
    })
    this.trim(entries.length)
  }

  delete(hashes: readonly string[]): void {
    this.transaction(() => {
      for (const hash of hashes) {
        this.prepared.delete.run(hash)
        this.prepared.forget.run(this.name, hash)
      }
    })
  }

  setReached(hash: string, reachedAt: number): void {
    this.guard(() => this.prepared.reached.run(reachedAt, this.name, hash))
  }

  setPinned(hash: string, pinned: boolean): void {
    this.guard(() => this.prepared.pinned.run(pinned ? 1 : 0, this.name, hash))
  }

  *records(): Iterable<UserRecord> {
    for (const row of this.opened.prepare(`SELECT * FROM "${this.name}"`).iterate()) {
      yield toRecord(row as Row)
    }
  }

  private get opened(): DatabaseSync {
    if (this.database === undefined) {
      throw new AddressBookError(`the address book ${this.name} is not open`)
    }

    return this.database
  }

  private get prepared(): Statements {
    if (this.statements === undefined) {
      throw new AddressBookError(`the address book ${this.name} is not open`)
    }

    return this.statements
  }

  private connect(): DatabaseSync {
    const database = new DatabaseSync(this.path)
    database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL`)
    return database
  }

  /** Makes the tables; in one that the library made, users have one row each and hashes are text */
  private adopt(database: DatabaseSync): void {
    const { name } = this
    database.exec(`
      CREATE TABLE IF NOT EXISTS "${name}"
        (publicKeyHash BLOB, publicKey BLOB, ip TEXT, updateDate DATETIME, digitalSignature BLOB);
      CREATE TABLE IF NOT EXISTS hearsay_state
        (book TEXT NOT NULL, hash TEXT NOT NULL, floor TEXT NOT NULL, rank INTEGER, reachedAt INTEGER NOT NULL,
         pinned INTEGER NOT NULL DEFAULT 0, UNIQUE (book, hash))`)
    const columns = database.prepare('SELECT name FROM pragma_table_info(?)').all(name) as { name: string }[]

    if (columns.map((column) => column.name).join() !== COLUMNS.join()) {
      throw new AddressBookError(`the table ${name} is no address book: its columns must be ${COLUMNS.join(', ')}`)
    }

    if (
      database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?").get(`${name}_hash`) ===
      undefined
    ) {
      database.exec(`
        BEGIN IMMEDIATE;
        UPDATE "${name}" SET publicKeyHash = CAST(publicKeyHash AS TEXT);
        DELETE FROM "${name}" WHERE rowid NOT IN (SELECT id FROM (SELECT rowid AS id,
          row_number() OVER (PARTITION BY publicKeyHash ORDER BY updateDate DESC) AS place FROM "${name}") WHERE place = 1);
        CREATE UNIQUE INDEX "${name}_hash" ON "${name}" (publicKeyHash);
        COMMIT`)
    }
  }

  /** What the library wrote meanwhile is taken over: its rank is not known, and its floor may have risen */
  private users(database: DatabaseSync): KnownUser[] {
    const state = database.prepare(`
      INSERT INTO hearsay_state (book, hash, floor, rank, reachedAt) VALUES (?, ?, ?, ?, 0)
      ON CONFLICT (book, hash) DO UPDATE SET floor = max(floor, excluded.floor), rank = excluded.rank`)
    const strange = database.prepare(`
      SELECT u.* FROM "${this.name}" u LEFT JOIN hearsay_state s ON s.book = ? AND s.hash = u.publicKeyHash
      WHERE s.rank IS NULL OR s.floor <> CAST(u.updateDate AS TEXT)`)

    this.transaction(() => {
      for (const row of strange.all(this.name) as Row[]) {
        const record = toRecord(row)
        state.run(this.name, record.hash, record.date, versionOf(record).rank)
      }
    })

    const rows = database
      .prepare(
        `SELECT u.publicKeyHash AS hash, CAST(u.ip AS TEXT) AS address, CAST(u.updateDate AS TEXT) AS date, s.rank,
           s.reachedAt, s.pinned FROM "${this.name}" u JOIN hearsay_state s ON s.book = ? AND s.hash = u.publicKeyHash
         ORDER BY s.reachedAt, u.rowid`
      )
      .all(this.name) as unknown as (Omit<KnownUser, 'pinned'> & { pinned: number })[]
    return rows.map((row) => ({ ...row, pinned: row.pinned === 1 }))
  }

  private trim(written: number): void {
    this.writes += written

    if (this.writes >= TRIM_EVERY) {
      this.writes = 0
      this.guard(() =>
        this.opened
          .prepare(
            `DELETE FROM hearsay_state WHERE rank IS NULL AND book = ?
             AND rowid <= (SELECT max(rowid) FROM hearsay_state) - ?`
          )
          .run(this.name, this.maxFloors)
      )
    }
  }

  private transaction(work: () => void): void {
    const database = this.opened
    this.guard(() => {
      database.exec('BEGIN IMMEDIATE')

      try {
        work()
        database.exec('COMMIT')
      } catch (err) {
        database.exec('ROLLBACK')
        throw err
      }
    })
  }

  private guard<T>(work: () => T): T {
    try {
      return work()
    } catch (err) {
      if (err instanceof AddressBookError) {
        throw err
      }

      throw new AddressBookError(`the address book ${this.path} failed: ${(err as Error).message}`, { cause: err })
    }
  }
}

/** @param name - checked by the constructor */
function prepare(database: DatabaseSync, name: string): Statements {
  const user = 'WHERE book = ? AND hash = ?'
  return {
    get: database.prepare(`SELECT * FROM "${name}" WHERE publicKeyHash = ?`),
    floor: database.prepare(`SELECT floor FROM hearsay_state ${user}`),
    put: database.prepare(`
      INSERT INTO "${name}" VALUES (?, ?, ?, ?, ?) ON CONFLICT (publicKeyHash) DO UPDATE SET
        publicKey = excluded.publicKey, ip = excluded.ip, updateDate = excluded.updateDate,
        digitalSignature = excluded.digitalSignature`),
    putState: database.prepare(`
      INSERT INTO hearsay_state (book, hash, floor, rank, reachedAt) VALUES (?, ?, ?, ?, ?) ON CONFLICT (book, hash)
        DO UPDATE SET floor = excluded.floor, rank = excluded.rank, reachedAt = max(reachedAt, excluded.reachedAt)`),
    delete: database.prepare(`DELETE FROM "${name}" WHERE publicKeyHash = ?`),
    forget: database.prepare(`UPDATE hearsay_state SET rank = NULL, reachedAt = 0, pinned = 0 ${user}`),
    reached: database.prepare(`UPDATE hearsay_state SET reachedAt = ? ${user}`),
    pinned: database.prepare(`UPDATE hearsay_state SET pinned = ? ${user}`)
  }
}

function toRecord(row: Row): UserRecord {
  return {
    hash: toText(row.publicKeyHash),
    publicKey: toText(row.publicKey),
    address: toText(row.ip),
    date: toText(row.updateDate),
    signature: toText(row.digitalSignature)
  }
}

function toText(value: string | Uint8Array): string {
  return typeof value === 'string' ? value : decoder.decode(value)
}
