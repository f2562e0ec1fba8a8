/**
 * @packageDocumentation
 *
 * An address book in any libp2p datastore: IndexedDB in browsers, LevelDB or files elsewhere.
 */
import { BoundedMap } from '@hearsay/protocol-core/pure'
import { Key } from 'interface-datastore'
import { MAX_FLOORS } from './constants.ts'
import { AddressBookError } from './errors.ts'
import { versionOf } from './record.ts'
import type { Datastore } from 'interface-datastore'
import type { AddressBook, BookEntry } from './address-book.ts'
import type { KnownUser } from './contract.ts'
import type { UserRecord } from './record.ts'

/** What is kept of a user; without a record, it is only known not to have been older than `floor` */
interface Stored {
  record?: UserRecord
  floor: string
  reachedAt: number
  pinned: boolean
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/
const encoder = new TextEncoder()
const decoder = new TextDecoder()

export interface DatastoreBookOptions {
  /** Letters, digits and `_`, at most 64. @default 'users' */
  name?: string
  /** Floors kept of users that are gone, those of the oldest leave first. @default 200_000 */
  maxFloors?: number
}

export class DatastoreBook implements AddressBook {
  private readonly datastore: Datastore
  private readonly prefix: string
  /** Users of whom there is but a floor: one more, and the one gone first is forgotten */
  private readonly gone: BoundedMap<string, true>
  /** Writes come one after the other, so that none reads what another is about to change */
  private last: Promise<unknown> = Promise.resolve()

  /** @throws {AddressBookError} on a name that is none */
  constructor(datastore: Datastore, { name = 'users', maxFloors = MAX_FLOORS }: DatastoreBookOptions = {}) {
    if (!NAME.test(name)) {
      throw new AddressBookError('an address book is named with letters, digits and _, at most 64')
    }

    this.datastore = datastore
    this.prefix = `/cup2py/${name}`
    this.gone = new BoundedMap(maxFloors)
  }

  async open(): Promise<KnownUser[]> {
    const users: KnownUser[] = []
    const gone: [hash: string, floor: string][] = []

    for await (const [hash, { record, floor, reachedAt, pinned }] of this.all()) {
      if (record === undefined) {
        gone.push([hash, floor])
      } else {
        users.push({ hash, address: record.address, reachedAt, pinned, ...versionOf(record) })
      }
    }

    gone.toSorted(([, a], [, b]) => (a < b ? -1 : 1)).forEach(([hash]) => this.gone.set(hash, true))
    return users.toSorted((a, b) => a.reachedAt - b.reachedAt)
  }

  async close(): Promise<void> {
    await this.last
  }

  async get(hash: string): Promise<UserRecord | undefined> {
    return (await this.read(hash))?.record
  }

  async floor(hash: string): Promise<string | undefined> {
    return (await this.read(hash))?.floor
  }

  async put(entries: readonly BookEntry[]): Promise<void> {
    await this.change(async () => {
      /** BOUNDED by the entries */
      const changed = new Map<string, Stored>()

      for (const { record, reachedAt } of entries) {
        const stored = changed.get(record.hash) ?? (await this.read(record.hash))

        if (record.date >= (stored?.floor ?? '')) {
          const reached = Math.max(reachedAt, stored?.reachedAt ?? 0)
          changed.set(record.hash, { record, floor: record.date, reachedAt: reached, pinned: stored?.pinned ?? false })
        }
      }

      await this.write(changed)
    })
  }

  async delete(hashes: readonly string[]): Promise<void> {
    await this.change(async () => {
      const changed = new Map<string, Stored>()

      for (const hash of hashes) {
        const stored = await this.read(hash)

        if (stored !== undefined) {
          changed.set(hash, { floor: stored.floor, reachedAt: 0, pinned: false })
        }
      }

      await this.write(changed)
    })
  }

  async setReached(hash: string, reachedAt: number): Promise<void> {
    await this.update(hash, { reachedAt })
  }

  async setPinned(hash: string, pinned: boolean): Promise<void> {
    await this.update(hash, { pinned })
  }

  async *records(): AsyncIterable<UserRecord> {
    for await (const [, { record }] of this.all()) {
      if (record !== undefined) {
        yield record
      }
    }
  }

  private async update(hash: string, what: Partial<Stored>): Promise<void> {
    await this.change(async () => {
      const stored = await this.read(hash)

      if (stored?.record !== undefined) {
        await this.write(new Map([[hash, { ...stored, ...what }]]))
      }
    })
  }

  private async change(work: () => Promise<void>): Promise<void> {
    const done = this.last.then(work).catch((err: unknown) => {
      throw new AddressBookError(`the datastore failed: ${(err as Error).message}`, { cause: err })
    })
    this.last = done.catch(() => {})
    return done
  }

  private async write(changed: ReadonlyMap<string, Stored>): Promise<void> {
    const batch = this.datastore.batch()

    for (const [hash, stored] of changed) {
      batch.put(this.key(hash), encoder.encode(JSON.stringify(stored)))
      this.gone.delete(hash)
      const [forgotten] = (stored.record === undefined ? this.gone.set(hash, true) : undefined) ?? []

      if (forgotten !== undefined) {
        batch.delete(this.key(forgotten))
      }
    }

    await batch.commit()
  }

  private async read(hash: string): Promise<Stored | undefined> {
    try {
      return parse(await this.datastore.get(this.key(hash)))
    } catch (err) {
      if ((err as Error).name === 'NotFoundError') {
        return undefined
      }

      throw new AddressBookError(`the datastore failed: ${(err as Error).message}`, { cause: err })
    }
  }

  private async *all(): AsyncIterable<[hash: string, stored: Stored]> {
    for await (const { key, value } of this.datastore.query({ prefix: `${this.prefix}/` })) {
      yield [key.name(), parse(value)]
    }
  }

  private key(hash: string): Key {
    return new Key(`${this.prefix}/${hash}`)
  }
}

function parse(value: Uint8Array): Stored {
  return JSON.parse(decoder.decode(value)) as Stored
}
