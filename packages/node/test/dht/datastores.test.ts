import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RecordStore, SqliteDatastore } from '@hearsay/node/dht'
import { Record } from '@libp2p/kad-dht'
import { MemoryDatastore } from 'datastore-core'
import { BlackHoleDatastore } from 'datastore-core/black-hole'
import { Key } from 'interface-datastore'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FloorStore } from '../../src/dht/floor-store.ts'
import { OwnValues } from '../../src/dht/own-values.ts'
import { recordRow } from '../../src/dht/record-store.ts'
import { RoutedDatastore } from '../../src/dht/routed-datastore.ts'
import { openDhtStorage } from '../../src/dht/storage.ts'
import { aPlainKey, bytes, Owner } from './owners.ts'
import type { Datastore } from 'interface-datastore'

const dir = mkdtempSync(join(tmpdir(), 'hearsay-dht-test-'))
afterAll(() => rmSync(dir, { recursive: true }))
const newFile = (): string => join(dir, `${crypto.randomUUID()}.sqlite`)

const owner = await Owner.create()
const LIMITS = { maxRecords: 100, maxBytes: 2 ** 20 }

async function keys(datastore: Datastore, prefix?: string): Promise<string[]> {
  const all: string[] = []

  for await (const key of datastore.queryKeys(prefix === undefined ? {} : { prefix })) {
    all.push(key.toString())
  }

  return all.toSorted()
}

const row = (key: Uint8Array, value: Uint8Array): Uint8Array => new Record(key, value, new Date()).serialize().slice()

describe('the datastore in a file', () => {
  it('does what a datastore does', async () => {
    const store = new SqliteDatastore(':memory:')
    const key = new Key('/a/b')
    expect(store.has(key)).toBe(false)
    expect(() => store.get(key)).toThrow(expect.objectContaining({ name: 'NotFoundError' }))
    store.put(key, bytes('1'))
    store.put(key, bytes('2'))
    expect([store.has(key), Buffer.from(store.get(key)).toString()]).toEqual([true, '2'])
    const batch = store.batch()
    batch.put(new Key('/a/c'), bytes('3'))
    batch.delete(key)
    await batch.commit()
    expect(await keys(store)).toEqual(['/a/c'])
    store.delete(key)
    store.close()
    store.close()
  })

  it('finds by prefix, and may be written to meanwhile', async () => {
    const store = new SqliteDatastore(':memory:')
    const names = ['/a/1', '/a/2', '/a/é\u{10ffff}', '/ab', '/b/1']
    names.forEach((name) => store.put(new Key(name), bytes(name)))
    expect(await keys(store, '/a/')).toEqual(names.slice(0, 3).toSorted())
    const seen: string[] = []

    for await (const { key, value } of store.query({ prefix: '/a' })) {
      seen.push(Buffer.from(value).toString())
      store.delete(key)
      store.delete(new Key('/a/2'))
    }

    expect(seen).toEqual(['/a/1', '/a/é\u{10ffff}', '/ab'])
    store.close()
  })

  it('has what a process put before it was killed (T20)', async () => {
    const file = newFile()
    const script = `
      const { SqliteDatastore } = await import('@hearsay/node/dht')
      const { Key } = await import('interface-datastore')
      const store = new SqliteDatastore(${JSON.stringify(file)})
      for (let i = 0; i < 100; i++) store.put(new Key('/k/' + i), Uint8Array.of(i))
      process.kill(process.pid, 'SIGKILL')`
    const { signal, stderr } = spawnSync(
      process.execPath,
      ['--conditions=@hearsay/source', '--input-type=module', '-e', script],
      { encoding: 'utf8', cwd: join(import.meta.dirname, '../..') }
    )
    expect([signal, stderr.replaceAll(/.*(ExperimentalWarning|trace-warnings).*\n/g, '')]).toEqual(['SIGKILL', ''])
    const store = new SqliteDatastore(file)
    expect(await keys(store, '/k/')).toHaveLength(100)
    store.close()
  })

  it('may be open twice', () => {
    const file = newFile()
    const [a, b] = [new SqliteDatastore(file), new SqliteDatastore(file)]
    a.put(new Key('/a'), bytes('1'))
    b.put(new Key('/b'), bytes('2'))
    expect([a.has(new Key('/b')), b.has(new Key('/a'))]).toEqual([true, true])
    a.close()
    b.close()
  })

  it('that is none is refused', async () => {
    const folder = mkdtempSync(join(dir, 'damaged-'))
    writeFileSync(join(folder, 'dht.sqlite'), 'not a database, by far'.repeat(100))
    await expect(openDhtStorage(folder)).rejects.toThrow('file is not a database')
  })
})

describe('the datastore that libp2p has', () => {
  it('keeps records apart, and forgets who provides what', async () => {
    const records = new MemoryDatastore()
    const store = new RoutedDatastore(
      { '/dht/record': records, '/dht/provider': new BlackHoleDatastore() },
      new MemoryDatastore()
    )
    const names = ['/dht/record/aaaa', '/dht/provider/bbbb/c', '/peers/dddd']

    for (const name of names) {
      await store.put(new Key(name), bytes(name))
    }

    expect(await Promise.all(names.map(async (name) => store.has(new Key(name))))).toEqual([true, false, true])
    expect(await keys(records)).toEqual(['/dht/record/aaaa'])
    expect([await keys(store, '/dht/record'), await keys(store, '/dht/provider'), await keys(store, '/peers')]).toEqual(
      [['/dht/record/aaaa'], [], ['/peers/dddd']]
    )
    expect(Buffer.from(await store.get(new Key('/peers/dddd'))).toString()).toBe('/peers/dddd')
    await store.delete(new Key('/dht/record/aaaa'))
    expect(await keys(records)).toEqual([])
  })
})

describe('the store of records', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  async function opened(inner: Datastore = new MemoryDatastore()): Promise<{ inner: Datastore; store: RecordStore }> {
    return { inner, store: await RecordStore.open(inner, LIMITS) }
  }

  const heldBy = async ({ inner }: { inner: Datastore }): Promise<number> => (await keys(inner)).length

  it('takes a record, and serves it until it expires', async () => {
    const { store } = await opened()
    const key = aPlainKey()
    const now = Date.now()
    const record = row(key, await owner.seal(key, { issuedAt: now, expiresAt: now + 5_000 }))
    await store.put(recordRow(key), record)
    expect(await store.get(recordRow(key))).toEqual(record)
    expect([await store.has(recordRow(key)), await keys(store)]).toEqual([true, [recordRow(key).toString()]])
    vi.setSystemTime(now + 5_000)
    expect(await store.has(recordRow(key))).toBe(false)
    await expect(store.get(recordRow(key))).rejects.toMatchObject({ name: 'NotFoundError' })
  })

  it('has nothing that has expired, within a second, each at its own time', async () => {
    const held = await opened()
    const now = Date.now()

    for (const ttl of [5_000, 2_000, 40_000]) {
      const key = aPlainKey()
      await held.store.put(recordRow(key), row(key, await owner.seal(key, { issuedAt: now, expiresAt: now + ttl })))
    }

    const counts: number[] = []

    for (const wait of [1_999, 1_001, 1_999, 1_001, 33_999, 1_001]) {
      await vi.advanceTimersByTimeAsync(wait)
      counts.push(await heldBy(held))
    }

    expect(counts).toEqual([3, 2, 2, 1, 1, 0])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('has one timer, whatever it holds, and none once closed', async () => {
    const { store } = await opened()

    for (let i = 0; i < 20; i++) {
      const key = aPlainKey()
      await store.put(recordRow(key), row(key, await owner.seal(key)))
    }

    expect(vi.getTimerCount()).toBe(1)
    store.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('notices that the clock was set within half a minute', async () => {
    const held = await opened()
    const key = aPlainKey()
    const now = Date.now()
    await held.store.put(recordRow(key), row(key, await owner.seal(key, { issuedAt: now, expiresAt: now + 3_600_000 })))
    vi.setSystemTime(now + 3_600_000)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(await heldBy(held)).toBe(0)
  })

  it('drops what expired while it was closed, and goes on with the rest', async () => {
    const inner = new MemoryDatastore()
    const now = Date.now()
    const { store } = await opened(inner)

    for (const ttl of [1_000, 10_000]) {
      const key = aPlainKey()
      await store.put(recordRow(key), row(key, await owner.seal(key, { issuedAt: now, expiresAt: now + ttl })))
    }

    store.close()
    vi.setSystemTime(now + 5_000)
    const held = await opened(inner)
    expect(await heldBy(held)).toBe(1)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await heldBy(held)).toBe(0)
  })

  it('drops what is no record of ours when it opens', async () => {
    const inner = new MemoryDatastore()
    await inner.put(new Key('/dht/record/aaaa'), bytes('rubbish'))
    expect(await heldBy(await opened(inner))).toBe(0)
  })

  it('refuses what loses against what is held', async () => {
    const { store } = await opened()
    const key = aPlainKey()
    const now = Date.now()
    const [older, newer] = [
      row(key, await owner.seal(key, { issuedAt: now, sequence: 1 })),
      row(key, await owner.seal(key, { issuedAt: now + 1, sequence: 2 }))
    ]
    await store.put(recordRow(key), newer)
    await expect(store.put(recordRow(key), older)).rejects.toMatchObject({
      name: 'RefusedRecordError',
      message: 'the value held wins over it'
    })
    expect(await store.get(recordRow(key))).toEqual(newer)
  })

  it.each([
    ['another namespace', new TextEncoder().encode('/pk/abc')],
    ['a key that is none', new TextEncoder().encode('/hearsay/abc')]
  ])('refuses records of %s', async (_name, key) => {
    const { store } = await opened()
    const value = await owner.seal(aPlainKey())
    await expect(store.put(recordRow(key), row(key, value))).rejects.toMatchObject({ name: 'RefusedRecordError' })
  })

  it('refuses more than it has room for', async () => {
    const store = await RecordStore.open(new MemoryDatastore(), { maxRecords: 1, maxBytes: 2 ** 20 })
    const [a, b] = [aPlainKey(), aPlainKey()]
    await store.put(recordRow(a), row(a, await owner.seal(a)))
    await expect(store.put(recordRow(b), row(b, await owner.seal(b)))).rejects.toThrow('all there is room for')
    await store.delete(recordRow(a))
    await store.put(recordRow(b), row(b, await owner.seal(b)))
    expect(await keys(store)).toEqual([recordRow(b).toString()])
  })
})

describe('the store of floors', () => {
  it('has them in the order in which they were raised', async () => {
    const store = new FloorStore(new MemoryDatastore())
    const floor = { issuedAt: 1, sequence: 2, owner: 'aa', digest: 'dd' }
    await store.save([['b', floor]], 1)
    await store.save([['a', floor]], 2)
    await store.save([['c', floor]], 3)
    await store.save([['b', { ...floor, sequence: 3 }]], 4)
    await store.save([['a', undefined]], 5)
    expect(await store.load()).toEqual([
      ['c', floor],
      ['b', { ...floor, sequence: 3 }]
    ])
  })
})

describe('our own values', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  async function saved(
    inner: Datastore,
    ttl = 100_000,
    max = 10
  ): Promise<{ own: OwnValues; key: Uint8Array; value: Uint8Array; due: Uint8Array[] }> {
    const own = await OwnValues.open(inner, max)
    const key = aPlainKey()
    const now = Date.now()
    const content = { issuedAt: now, expiresAt: now + ttl }
    const value = await owner.seal(key, content)
    await own.save(key, value, await owner.sealed(key, content))
    const due: Uint8Array[] = []
    own.start((each) => due.push(each))
    return { own, key, value, due }
  }

  it('are due at their half-life, and again when what is left is half over', async () => {
    const { own, key, due } = await saved(new MemoryDatastore())
    const counts: number[] = []
    own.start((each) => {
      due.push(each)
      own.placed(each, true)
    })

    for (const wait of [49_999, 1, 24_999, 1, 12_500]) {
      await vi.advanceTimersByTimeAsync(wait)
      counts.push(due.length)
    }

    expect(counts).toEqual([0, 1, 1, 2, 3])
    expect(due.every((each) => Buffer.compare(each, key) === 0)).toBe(true)
  })

  it('are due soon when there are too few copies', async () => {
    const { own, key, due } = await saved(new MemoryDatastore())
    own.placed(key, false)
    await vi.advanceTimersByTimeAsync(1_000)
    own.placed(key, false)
    await vi.advanceTimersByTimeAsync(1_999)
    expect(due).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(due).toHaveLength(2)
  })

  it('outlive a restart, with the sequence', async () => {
    const inner = new MemoryDatastore()
    const { own, key, value } = await saved(inner)
    own.stop()
    const after = await OwnValues.open(inner, 10)
    expect([after.lastSequence, await after.get(key)]).toEqual([own.lastSequence, value])
    const due: Uint8Array[] = []
    after.start((each) => due.push(each))
    await vi.advanceTimersByTimeAsync(50_000)
    expect(due).toEqual([key])
  })

  it('are gone when they have expired, and the sequence is not', async () => {
    const inner = new MemoryDatastore()
    const { own, key } = await saved(inner, 5_000)
    await vi.advanceTimersByTimeAsync(5_000)
    expect([await own.get(key), await keys(inner)]).toEqual([undefined, ['/hearsay/dht/sequence']])
    expect((await OwnValues.open(inner, 10)).lastSequence).toBe(own.lastSequence)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('that expired while the node was away are gone when it comes back', async () => {
    const inner = new MemoryDatastore()
    const { own } = await saved(inner, 5_000)
    own.stop()
    vi.setSystemTime(Date.now() + 5_000)
    await OwnValues.open(inner, 10)
    expect(await keys(inner)).toEqual(['/hearsay/dht/sequence'])
  })

  it('that are too many are placed no more, the one put first at first', async () => {
    const inner = new MemoryDatastore()
    const { own, key } = await saved(inner, 100_000, 2)

    for (const other of [aPlainKey(), aPlainKey()]) {
      await own.save(other, await owner.seal(other), await owner.sealed(other))
    }

    expect(await own.get(key)).toBeUndefined()
    expect(await keys(inner, '/hearsay/dht/own/')).toHaveLength(2)
  })
})
