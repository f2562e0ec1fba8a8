import { DatabaseSync } from 'node:sqlite'
import { NotFoundError } from '@libp2p/interface'
import { BaseDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import type { StatementSync } from 'node:sqlite'
import type { KeyQuery, Pair, Query } from 'interface-datastore'

/** In ms; how long to wait for another process that writes */
const BUSY_TIMEOUT = 5_000

/**
 * A libp2p datastore in one SQLite file. What was put is there after a crash of the process.
 *
 * @see docs/decisions/0008-sqlite-for-the-dht.md
 */
export class SqliteDatastore extends BaseDatastore {
  private readonly database: DatabaseSync
  private readonly statements: Record<'put' | 'get' | 'has' | 'delete' | 'keys', StatementSync>

  /**
   * @param path - `:memory:` for none
   * @throws {Error} when it cannot be opened, or is no database
   */
  constructor(path: string) {
    super()
    this.database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT })
    this.database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
    `)
    this.statements = {
      put: this.database.prepare('INSERT INTO entries VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value'),
      get: this.database.prepare('SELECT value FROM entries WHERE key = ?'),
      has: this.database.prepare('SELECT 1 FROM entries WHERE key = ?'),
      delete: this.database.prepare('DELETE FROM entries WHERE key = ?'),
      keys: this.database.prepare('SELECT key FROM entries WHERE key >= ?1 AND key < ?1 || char(1114111)')
    }
  }

  close(): void {
    if (this.database.isOpen) {
      this.database.close()
    }
  }

  override put(key: Key, value: Uint8Array): Key {
    this.statements.put.run(key.toString(), value)
    return key
  }

  override get(key: Key): Uint8Array {
    const row = this.statements.get.get(key.toString()) as { value: Uint8Array } | undefined

    if (row === undefined) {
      throw new NotFoundError(`${key.toString()} is not there`)
    }

    return row.value
  }

  override has(key: Key): boolean {
    return this.statements.has.get(key.toString()) !== undefined
  }

  override delete(key: Key): void {
    this.statements.delete.run(key.toString())
  }

  override async *_all(query: Query): AsyncGenerator<Pair> {
    // keys first, values one by one: whoever reads may write meanwhile
    for (const key of this.keys(query.prefix)) {
      if (this.has(key)) {
        yield { key, value: this.get(key) }
      }
    }
  }

  override async *_allKeys(query: KeyQuery): AsyncGenerator<Key> {
    yield* this.keys(query.prefix)
  }

  private keys(prefix = ''): Key[] {
    const rows = this.statements.keys.all(prefix) as { key: string }[]
    return rows.map(({ key }) => new Key(key, false))
  }
}
