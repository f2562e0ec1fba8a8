import { BaseDatastore, MemoryDatastore } from 'datastore-core'
import { BlackHoleDatastore } from 'datastore-core/black-hole'
import { PROVIDER_PREFIX, RECORD_PREFIX } from './constants.ts'
import type { Datastore, Key, KeyQuery, Pair, Query } from 'interface-datastore'

/**
 * What libp2p has as its datastore: records go to their store, the rest stays in memory as without one. Provider records
 * are not kept: hearsay asks for none, and kad-dht would keep as many as strangers send.
 */
export class RoutedDatastore extends BaseDatastore {
  private readonly records: Datastore
  private readonly memory = new MemoryDatastore()
  private readonly nowhere = new BlackHoleDatastore()

  constructor(records: Datastore) {
    super()
    this.records = records
  }

  override put(key: Key, value: Uint8Array): Key | Promise<Key> {
    return this.at(key.toString()).put(key, value)
  }

  override get(key: Key): Uint8Array | Promise<Uint8Array> {
    return this.at(key.toString()).get(key)
  }

  override has(key: Key): boolean | Promise<boolean> {
    return this.at(key.toString()).has(key)
  }

  override delete(key: Key): void | Promise<void> {
    return this.at(key.toString()).delete(key)
  }

  override query(query: Query): Generator<Pair> | AsyncGenerator<Pair> {
    return this.at(query.prefix ?? '/').query(query) as AsyncGenerator<Pair>
  }

  override queryKeys(query: KeyQuery): Generator<Key> | AsyncGenerator<Key> {
    return this.at(query.prefix ?? '/').queryKeys(query) as AsyncGenerator<Key>
  }

  private at(key: string): Datastore {
    return key.startsWith(RECORD_PREFIX) ? this.records : key.startsWith(PROVIDER_PREFIX) ? this.nowhere : this.memory
  }
}
