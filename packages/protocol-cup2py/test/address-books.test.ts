import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { AddressBookError, MemoryBook } from '@hearsay/protocol-cup2py'
import { DatastoreBook } from '@hearsay/protocol-cup2py/datastore'
import { SqliteBook } from '@hearsay/protocol-cup2py/sqlite'
import { MemoryDatastore } from 'datastore-core'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { addressBookSuite } from './address-book-suite.ts'
import { unsignedUser as unsigned } from './unsigned-user.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearsay-books-'))
let path = ''
let datastore = new MemoryDatastore()
let files = 0

beforeEach(() => {
  path = join(folder, `${files++}.db`)
  datastore = new MemoryDatastore()
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('in memory', () => {
  addressBookSuite({ create: () => new MemoryBook(), persists: false })
})
describe('in a datastore', () => {
  addressBookSuite({ create: () => new DatastoreBook(datastore), persists: true })
})
describe('in SQLite', () => {
  addressBookSuite({ create: () => new SqliteBook(path), persists: true })
})

describe('a name', () => {
  it.each(['', '1st', 'a b', 'users"; DROP TABLE users; --', 'é', 'x'.repeat(65)])('%j is refused', (name) => {
    expect(() => new SqliteBook(path, { name })).toThrow(AddressBookError)
    expect(() => new DatastoreBook(datastore, { name })).toThrow(AddressBookError)
  })

  it.each(['sqlite_master', 'hearsay_state', 'SQLITE_x'])('%j is SQLite’s own or ours', (name) => {
    expect(() => new SqliteBook(path, { name })).toThrow(AddressBookError)
  })

  it('keeps books apart', async () => {
    const [a, b] = [new SqliteBook(path, { name: 'a' }), new SqliteBook(path, { name: 'b' })]
    const [c, d] = [new DatastoreBook(datastore, { name: 'c' }), new DatastoreBook(datastore, { name: 'd' })]

    for (const book of [a, b, c, d]) {
      await book.open()
    }

    a.put([{ record: unsigned('alice'), reachedAt: 0 }])
    await c.put([{ record: unsigned('alice'), reachedAt: 0 }])
    expect([b.get(unsigned('alice').hash), b.floor(unsigned('alice').hash)]).toEqual([undefined, undefined])
    expect(await d.get(unsigned('alice').hash)).toBeUndefined()
    a.close()
    b.close()
    expect(await new DatastoreBook(datastore, { name: 'd' }).open()).toEqual([])
  })
})

const vectors = JSON.parse(
  readFileSync(new URL('../../../interop/vectors/originals/cup2py.json', import.meta.url), 'utf8')
) as {
  facts: { table_schema: string }
  records: { addressBookRow: string[] }[]
}
const python = ['python3', 'python'].find((name) => spawnSync(name, ['-c', 'import sqlite3']).status === 0)

describe('a database of the Python library', () => {
  it('opens, whatever its rows are made of', () => {
    const rows = vectors.records.filter((_, i) => i === 0 || i === 8 || i === 25).map((each) => each.addressBookRow)
    const database = new DatabaseSync(path)
    database.exec(vectors.facts.table_schema)
    const insert = database.prepare('INSERT INTO AB VALUES (?, ?, ?, ?, ?)')
    insert.run(...rows[0]!)
    insert.run(...rows[1]!.map((text, i) => (i === 2 || i === 3 ? text : Buffer.from(text))))
    // the same user twice, which the library's table allows: the newer counts
    insert.run(...rows[2]!)
    database.close()
    const book = new SqliteBook(path, { name: 'AB' })
    const users = book.open()
    const [a, , b] = rows as [string[], string[], string[]]
    expect(users.map(({ hash, date }) => `${hash} ${date}`).toSorted()).toEqual(
      [`${b[0]} ${b[3]}`, `${a[0]} ${a[3]}`].toSorted()
    )
    expect(book.get(b[0]!)).toEqual({ hash: b[0], publicKey: b[1], address: b[2], date: b[3], signature: b[4] })
    expect(book.floor(b[0]!)).toBe(b[3])
    book.close()
  })

  it.skipIf(python === undefined)('opens what Python wrote, and Python what we wrote', () => {
    const row = vectors.records[0]!.addressBookRow
    const run = (script: string): string => {
      const { stdout, stderr, status } = spawnSync(python!, ['-c', script, path, JSON.stringify(row)], {
        encoding: 'utf8'
      })
      expect([stderr, status]).toEqual(['', 0])
      return stdout
    }
    run(`import json, sqlite3, sys
c = sqlite3.connect(sys.argv[1]); c.execute("${vectors.facts.table_schema}")
c.execute('INSERT INTO AB VALUES (?,?,?,?,?)', json.loads(sys.argv[2])); c.commit(); c.close()`)
    const book = new SqliteBook(path, { name: 'AB' })
    expect(book.open()).toHaveLength(1)
    expect(book.get(row[0]!)).toMatchObject({ publicKey: row[1], address: row[2] })
    const alice = unsigned('alice')
    book.put([{ record: alice, reachedAt: 0 }])
    book.close()
    const written = run(`import json, sqlite3, sys
c = sqlite3.connect(sys.argv[1])
c.execute("UPDATE AB SET updateDate = '2030-01-01 00:00:00.000001' WHERE publicKeyHash = ?", (json.loads(sys.argv[2])[0],))
c.execute("INSERT INTO AB VALUES ('x','k','1.1.1.1','2024-01-01 00:00:00.000001','s')"); c.commit()
print(json.dumps(c.execute("SELECT * FROM AB WHERE publicKeyHash = '${alice.hash}'").fetchall()))
print(json.dumps([r[1] for r in c.execute('PRAGMA table_info(AB)')]))`).split('\n')
    expect(JSON.parse(written[0]!)).toEqual([[alice.hash, alice.publicKey, alice.address, alice.date, alice.signature]])
    expect(JSON.parse(written[1]!)).toEqual(['publicKeyHash', 'publicKey', 'ip', 'updateDate', 'digitalSignature'])
    const again = new SqliteBook(path, { name: 'AB' })
    expect(again.open()).toHaveLength(3)
    // what Python wrote meanwhile raised the floor
    expect(again.floor(row[0]!)).toBe('2030-01-01 00:00:00.000001')
    again.close()
  })

  it('that is no address book is left alone', () => {
    const database = new DatabaseSync(path)
    database.exec('CREATE TABLE other (a, b); INSERT INTO other VALUES (1, 2)')
    expect(() => new SqliteBook(path, { name: 'other' }).open()).toThrow('is no address book')
    expect(database.prepare('SELECT * FROM other').all()).toEqual([{ a: 1, b: 2 }])
    database.close()
    // and closed: who closes a database last takes its log along
    expect(existsSync(`${path}-wal`)).toBe(false)
  })

  it('that is no database says so', () => {
    writeFileSync(path, 'a text, and not a short one: SQLite looks at the first sixteen bytes'.repeat(50))
    expect(() => new SqliteBook(path).open()).toThrow(AddressBookError)
    expect(() => new SqliteBook(folder).open()).toThrow(AddressBookError)
  })
})

it('keeps a bounded number of floors in SQLite (T17)', () => {
  const book = new SqliteBook(path, { maxFloors: 100 })
  book.open()

  for (let i = 0; i < 10; i++) {
    const users = Array.from({ length: 1_000 }, (_, j) => unsigned(`user-${i}-${j}`))
    book.put(users.map((record) => ({ record, reachedAt: 0 })))
    book.delete(users.map(({ hash }) => hash))
  }

  book.close()
  const database = new DatabaseSync(path)
  const { count } = database.prepare('SELECT count(*) AS count FROM hearsay_state').get() as { count: number }
  database.close()
  expect(count).toBeLessThan(6_000)
})

it('keeps a bounded number of floors in a datastore, before and after a restart (T17)', async () => {
  const users = Array.from({ length: 12 }, (_, i) => unsigned(`user-${i}`, `20${10 + i}-01-01 00:00:00`))
  const count = async (): Promise<number> => {
    let keys = 0

    for await (const _ of datastore.queryKeys({})) {
      keys++
    }

    return keys
  }

  for (const part of [users.slice(0, 6), users.slice(6)]) {
    const book = new DatastoreBook(datastore, { maxFloors: 4 })
    await book.open()
    await book.put(part.map((record) => ({ record, reachedAt: 0 })))
    await book.delete(part.map(({ hash }) => hash))
    expect(await count()).toBe(4)
    // one that comes back is no floor alone
    await book.put([{ record: part.at(-1)!, reachedAt: 0 }])
    await book.delete([part.at(-1)!.hash])
    expect(await count()).toBe(4)
  }

  const book = new DatastoreBook(datastore)
  await book.open()
  expect(await Promise.all(users.map(async ({ hash }) => book.floor(hash)))).toEqual(
    users.map(({ date }, i) => (i < 8 ? undefined : date))
  )
})

/** A process that writes users and says so, until it is killed. @returns how many it said it wrote */
async function killWhileWriting(delay: number): Promise<number> {
  const writer = fileURLToPath(new URL('writer-process.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@hearsay/source', '--no-warnings', writer, path])
  let told = ''
  child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  await new Promise((resolve) => setTimeout(resolve, delay))
  const ended = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await ended
  // a line may be cut short
  return Number(told.slice(0, told.lastIndexOf('\n')).split('\n').at(-1))
}

/** How often: a hundred times takes half a minute */
const KILLS = Number(process.env['KILLS'] ?? 12)

it('loses nothing acknowledged when the process is killed, 12 times or as many as KILLS says (T20)', async () => {
  for (let i = 0; i < KILLS; i++) {
    path = join(folder, `${files++}.db`)
    // at the first write, and then at any time
    const delay = i === 0 ? 0 : 80 * Math.random()
    const acknowledged = await killWhileWriting(delay)
    expect(acknowledged).toBeGreaterThan(0)
    const database = new DatabaseSync(path)
    expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    database.close()
    const book = new SqliteBook(path)
    const users = book.open()
    expect(users.length).toBeGreaterThanOrEqual(acknowledged)
    const missing = Array.from({ length: acknowledged }, (_, j) => unsigned(`user-${j}`)).filter(
      ({ hash, date }) => book.get(hash) === undefined || book.floor(hash) !== date
    )
    expect({ delay, missing }).toEqual({ delay, missing: [] })
    book.close()
    rmSync(path)
  }
}, 600_000)
