import { defaultLogger } from '@libp2p/logger'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SeenLog } from '../src/seen-log.ts'

const SIZE = 4_096
const RECORD = 1_024
const log = defaultLogger().forComponent('test')

/** As many digests, each with its number in it */
function digests(count: number, from = 0): Uint32Array[] {
  return Array.from({ length: count }, (_, i) => Uint32Array.of(from + i, 1, 2, 3))
}

/** What a start after a crash finds: nobody said goodbye to the log that wrote it */
async function numbersIn(datastore: MemoryDatastore): Promise<number[]> {
  const { digests: found } = await new SeenLog(datastore, SIZE, log).read()
  return found.map(([number]) => number!)
}

/** Puts nothing until it may, as a disk that is busy */
class SlowDatastore extends MemoryDatastore {
  puts = 0
  private readonly free = Promise.withResolvers<void>()

  override async put(key: Key, value: Uint8Array): Promise<Key> {
    this.puts++
    await this.free.promise
    return super.put(key, value)
  }

  release(): void {
    this.free.resolve()
  }
}

let datastore: MemoryDatastore
let seen: SeenLog

function start(store: MemoryDatastore): void {
  datastore = store
  seen = new SeenLog(store, SIZE, log)
  seen.start(7)
}

beforeEach(() => {
  vi.useFakeTimers()
  start(new MemoryDatastore())
})
afterEach(() => {
  vi.useRealTimers()
})

describe('what was seen', () => {
  it('is lost at a crash only as far as it is of the last second, and less than a record', async () => {
    digests(3 * RECORD + 500).forEach((digest) => seen.add(digest))
    await vi.advanceTimersByTimeAsync(999)
    expect(await numbersIn(datastore)).toEqual(digests(3 * RECORD).map(([number]) => number))
    await vi.advanceTimersByTimeAsync(1)
    expect(await numbersIn(datastore)).toEqual(digests(3 * RECORD + 500).map(([number]) => number))
  })

  it('is kept when somebody says goodbye, and goes on where it was', async () => {
    digests(10).forEach((digest) => seen.add(digest))
    await seen.stop()
    const next = new SeenLog(datastore, SIZE, log)
    expect(await next.read()).toMatchObject({ offset: 7, digests: digests(10) })
    next.start(7)
    digests(5, 10).forEach((digest) => next.add(digest))
    await next.stop()
    expect(await numbersIn(datastore)).toEqual(digests(15).map(([number]) => number))
  })

  it('is the newest, in a ring', async () => {
    digests(20 * RECORD).forEach((digest) => seen.add(digest))
    await seen.stop()
    const found = await numbersIn(datastore)
    expect(found.length).toBeGreaterThanOrEqual(SIZE)
    expect(found.length).toBeLessThanOrEqual(SIZE + RECORD)
    expect(found.at(-1)).toBe(20 * RECORD - 1)
  })

  it('waits within bounds for a datastore that is slow', async () => {
    const slow = new SlowDatastore()
    start(slow)
    digests(100 * RECORD).forEach((digest) => seen.add(digest))
    slow.release()
    await seen.stop()
    // the ring, and one that was under way
    expect(slow.puts).toBeLessThanOrEqual(SIZE / RECORD + 2)
    expect((await numbersIn(slow)).at(-1)).toBe(100 * RECORD - 1)
  })

  it('is as if it were not there when it cannot be read', async () => {
    await datastore.put(new Key('/hearsay/shout/seen/0'), Uint8Array.of(1, 2, 3))
    await expect(new SeenLog(datastore, SIZE, log).read()).resolves.toEqual({ offset: undefined, digests: [] })
  })
})
