import { BaseDatastore } from 'datastore-core'
import type { Datastore, Key, KeyQuery, Pair, Query } from 'interface-datastore'

/** One datastore out of several: keys with a prefix go to the store of that prefix. */
export class RoutedDatastore extends BaseDatastore {
  private readonly routes: readonly (readonly [prefix: string, store: Datastore])[]
  private readonly rest: Datastore

  /** @param rest - for keys without one of the prefixes */
  constructor(routes: Readonly<Record<string, Datastore>>, rest: Datastore) {
    super()
    this.routes = Object.entries(routes)
    this.rest = rest
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
    return this.routes.find(([prefix]) => key.startsWith(prefix))?.[1] ?? this.rest
  }
}
