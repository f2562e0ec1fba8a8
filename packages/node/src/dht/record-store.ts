import { DecodeError } from '@hearsay/protocol-core/pure'
import { Record } from '@libp2p/kad-dht'
import { NotFoundError } from '@libp2p/interface'
import { BaseDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import { Alarm } from './alarm.ts'
import { RECORD_PREFIX } from './constants.ts'
import { openRecord } from './digest.ts'
import { RefusedRecordError } from './errors.ts'
import { toBase32 } from './rules/base32.ts'
import { Holdings } from './rules/holdings.ts'
import type { Datastore, KeyQuery, Pair, Query } from 'interface-datastore'
import type { HoldingsLimits } from './rules/holdings.ts'
import type { Sealed } from './rules/sealed.ts'

/**
 * The records that kad-dht stores, in another datastore: only ours, only as many as fit, never one that loses against
 * what is held, and none that has expired. kad-dht itself compares nothing on PUT_VALUE and expires on read, after 48 h.
 *
 * @see docs/specs/dht.md#holding
 */
export class RecordStore extends BaseDatastore {
  readonly holdings: Holdings
  private readonly inner: Datastore
  // a row that cannot be deleted is served to nobody all the same
  private readonly alarm = new Alarm(() => void this.sweep().catch(() => {}))
  private isOpen = true

  private constructor(inner: Datastore, limits: HoldingsLimits) {
    super()
    this.inner = inner
    this.holdings = new Holdings(limits)
  }

  /** With what the datastore holds; what has expired meanwhile goes */
  static async open(inner: Datastore, limits: HoldingsLimits): Promise<RecordStore> {
    const store = new RecordStore(inner, limits)

    for await (const { key, value } of inner.query({ prefix: `${RECORD_PREFIX}/` })) {
      await store.load(key, value)
    }

    await store.sweep()
    return store
  }

  /** Expires nothing from now on; the datastore beneath may be closed */
  close(): void {
    this.isOpen = false
    this.alarm.set(undefined)
  }

  /** @throws {RefusedRecordError} when it is none of ours, loses against what is held, or finds no room */
  override async put(key: Key, value: Uint8Array): Promise<Key> {
    const record = openRow(value)
    const refusal = this.holdings.refusal(record, value.byteLength, Date.now())

    if (refusal !== undefined) {
      throw new RefusedRecordError(refusal)
    }

    this.holdings.add(record, value.byteLength)
    this.arm()
    await this.inner.put(key, value)
    return key
  }

  override async get(key: Key): Promise<Uint8Array> {
    const value = await this.inner.get(key)

    if (openRow(value).envelope.expiresAt <= Date.now()) {
      throw new NotFoundError('it has expired')
    }

    return value
  }

  override async has(key: Key): Promise<boolean> {
    return this.get(key).then(
      () => true,
      () => false
    )
  }

  override async delete(key: Key): Promise<void> {
    const value = await Promise.resolve(this.inner.get(key)).catch(() => undefined)

    if (value !== undefined) {
      this.holdings.remove(openRow(value).recordKey.text)
      await this.inner.delete(key)
    }
  }

  override query(query: Query): AsyncGenerator<Pair> {
    return this.inner.query({ ...query, prefix: within(query.prefix) }) as AsyncGenerator<Pair>
  }

  override queryKeys(query: KeyQuery): AsyncGenerator<Key> {
    return this.inner.queryKeys({ ...query, prefix: within(query.prefix) }) as AsyncGenerator<Key>
  }

  private async load(key: Key, value: Uint8Array): Promise<void> {
    try {
      this.holdings.add(openRow(value), value.byteLength)
    } catch {
      // of another version, or damaged: nobody would take it from us
      await this.inner.delete(key)
    }
  }

  private arm(): void {
    this.alarm.set(this.isOpen ? this.holdings.nextExpiry() : undefined)
  }

  private async sweep(): Promise<void> {
    const now = Date.now()

    for (let gone = this.holdings.takeExpired(now); gone !== undefined; gone = this.holdings.takeExpired(now)) {
      await this.inner.delete(recordRow(new TextEncoder().encode(gone)))
    }

    this.arm()
  }
}

/** The key of a record's row, as kad-dht makes it */
export function recordRow(recordKey: Uint8Array): Key {
  return new Key(`${RECORD_PREFIX}/${toBase32(recordKey)}`, false)
}

/** @throws {RefusedRecordError} when it is no record of ours */
function openRow(row: Uint8Array): Sealed {
  try {
    const { key, value } = Record.deserialize(row)
    return openRecord(key, value)
  } catch (err) {
    const why = err instanceof DecodeError ? err.message : 'it is no record'
    throw new RefusedRecordError(why, { cause: err })
  }
}

/** Of a prefix, the part that concerns us */
function within(prefix = ''): string {
  return prefix.startsWith(RECORD_PREFIX) ? prefix : `${RECORD_PREFIX}/`
}
