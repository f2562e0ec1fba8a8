/** What outlives the process, a file for each protocol that is on. The address book of cup2py opens its own. */
import { join } from 'node:path'
import { MemoryDatastore } from 'datastore-core'
import { RoutedDatastore } from './dht/routed-datastore.ts'
import { SqliteDatastore } from './dht/sqlite-datastore.ts'
import { openDhtStorage } from './dht/storage.ts'
import { StartError } from './errors.ts'
import type { Datastore } from 'interface-datastore'
import type { NodeConfig } from './config/options.ts'
import type { DhtStorage } from './dht/storage.ts'

/** In the data directory: records of users */
export const BOOK_FILE = 'cup2py.sqlite'
/** In the data directory: signatures seen */
export const SHOUT_FILE = 'shout.sqlite'
/** Where shout keeps them in its datastore */
const SEEN_PREFIX = '/hearsay/shout/'

export interface NodeStorage {
  /** For libp2p */
  readonly datastore: Datastore
  /** Undefined when the DHT is off */
  readonly dht: DhtStorage | undefined
  close(): void
}

/** @throws {StartError} when a file cannot be opened, or is no database */
export async function openStorage({ 'data-dir': dataDir, dht, shout }: NodeConfig): Promise<NodeStorage> {
  const opened: { close(): void }[] = []
  const close = (): void => opened.forEach((each) => each.close())

  try {
    const values = dht ? await openDhtStorage(dataDir) : undefined
    opened.push(...(values === undefined ? [] : [values]))
    const seen = shout ? new SqliteDatastore(join(dataDir, SHOUT_FILE)) : undefined
    opened.push(...(seen === undefined ? [] : [seen]))
    const rest = values?.datastore ?? new MemoryDatastore()
    return { datastore: seen ? new RoutedDatastore({ [SEEN_PREFIX]: seen }, rest) : rest, dht: values, close }
  } catch (err) {
    close()
    throw new StartError(`cannot keep values in the data directory ${dataDir}: ${(err as Error).message}`, {
      cause: err
    })
  }
}
