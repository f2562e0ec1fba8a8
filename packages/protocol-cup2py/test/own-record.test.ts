import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RsaPrivateKey } from '@hearsay/protocol-core'
import { MemoryBook } from '@hearsay/protocol-cup2py'
import { DatastoreBook } from '@hearsay/protocol-cup2py/datastore'
import { SqliteBook } from '@hearsay/protocol-cup2py/sqlite'
import { MemoryDatastore } from 'datastore-core'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { Hosts, introduce } from './hosts.ts'
import { createPrivateKeyPem } from './users.ts'
import type { AddressBook } from '@hearsay/protocol-cup2py'

const folder = mkdtempSync(join(tmpdir(), 'hearsay-own-'))
afterAll(() => rmSync(folder, { recursive: true }))

const hosts = new Hosts()
afterEach(async () => {
  vi.restoreAllMocks()
  await hosts.stop()
})

const PATIENCE = 60_000
const HOUR = 3_600_000

/** From now on, the time is `offset` ms from what it is */
function setClock(offset: number): void {
  const { now } = Date
  vi.spyOn(Date, 'now').mockImplementation(() => now() + offset)
}

describe('the record of ourselves', () => {
  const file = join(folder, 'own.db')
  const datastore = new MemoryDatastore()
  const memory = new MemoryBook()

  it.each<[string, () => AddressBook]>([
    ['SQLite', () => new SqliteBook(file)],
    ['a datastore', () => new DatastoreBook(datastore)],
    ['memory', () => memory]
  ])(
    'is later each time, though the clock was set back before a restart, with a book in %s (T9)',
    async (_name, create) => {
      const key = RsaPrivateKey.fromPem(createPrivateKeyPem())
      const dates: string[] = []

      for (const offset of [0, -HOUR, -24 * HOUR, -30 * HOUR]) {
        setClock(offset)
        const host = await hosts.create({ key, addressBook: create() })
        const { hash } = host.services.cup2py
        dates.push((await host.services.cup2py.get(hash))!.date)
        dates.push((await host.services.cup2py.publish()).record.date)
        // a search is signed too, and those who answer see the date
        await host.services.cup2py.search('0'.repeat(64), { quietTime: 10 })
        dates.push((await host.services.cup2py.get(hash))!.date)
        await host.stop()
        vi.restoreAllMocks()
      }

      expect(dates).toEqual([...new Set(dates)].toSorted())
    },
    PATIENCE
  )

  it(
    'of several that are signed at once, is the latest',
    async () => {
      const host = await hosts.create()
      const service = host.services.cup2py
      const all = await Promise.all(Array.from({ length: 32 }, async () => service.publish()))
      const dates = all.map(({ record }) => record.date).toSorted()
      expect(new Set(dates).size).toBe(32)
      expect((await service.get(service.hash))!.date).toBe(dates.at(-1))
    },
    PATIENCE
  )

  it(
    'is told to nobody before it is kept',
    async () => {
      const addressBook = new MemoryBook()
      const [a, b] = [await hosts.create({ addressBook }), await hosts.create()]
      await introduce(a, b)
      await a.services.cup2py.search(b.services.cup2py.hash, { quietTime: 10 })
      const put = vi.spyOn(addressBook, 'put').mockImplementation(() => {
        throw new Error('disk full')
      })
      const { sent } = a.services.cup2py.stats
      await expect(a.services.cup2py.publish()).rejects.toThrow('disk full')
      expect(sent.update).toBe(0)
      put.mockRestore()
      await a.services.cup2py.publish()
      expect(sent.update).toBe(1)
    },
    PATIENCE
  )

  it('is in the book, and does not count as one of its users', async () => {
    const addressBook = new MemoryBook()
    const a = await hosts.create({ addressBook })
    const { record } = await a.services.cup2py.publish()
    expect(addressBook.get(a.services.cup2py.hash)).toEqual(record)
    expect(a.services.cup2py.users).toBe(0)
    await a.stop()
    await a.start()
    expect(a.services.cup2py.users).toBe(0)
  })
})
