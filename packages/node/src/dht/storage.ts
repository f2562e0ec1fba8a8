import { join } from 'node:path'
import { MemoryDatastore } from 'datastore-core'
import { BlackHoleDatastore } from 'datastore-core/black-hole'
import { dhtDefaults, PROVIDER_PREFIX, RECORD_PREFIX } from './constants.ts'
import { OwnValues } from './own-values.ts'
import { RecordRules } from './record-rules.ts'
import { RecordStore } from './record-store.ts'
import { RoutedDatastore } from './routed-datastore.ts'
import { SqliteDatastore } from './sqlite-datastore.ts'
import type { Datastore } from 'interface-datastore'
import type { DhtConfig } from './constants.ts'

/** In the data directory */
export const DHT_FILE = 'dht.sqlite'

/** All of the DHT that outlives the process, and the rules that go by it */
export interface DhtStorage {
  /** For libp2p: records are kept in the file, all else in memory */
  readonly datastore: Datastore
  readonly rules: RecordRules
  readonly records: RecordStore
  readonly own: OwnValues
  close(): void
}

/**
 * @param dataDir - it exists
 * @throws {Error} when the file cannot be opened, or is no database
 */
export async function openDhtStorage(dataDir: string, config: DhtConfig = dhtDefaults): Promise<DhtStorage> {
  const file = new SqliteDatastore(join(dataDir, DHT_FILE))

  try {
    const { maxRecords, maxRecordBytes: maxBytes, maxOwn } = config
    const records = await RecordStore.open(file, { maxRecords, maxBytes })
    const rules = await RecordRules.open({
      datastore: file,
      // a value held has at most two floors, which stay
      maxFloors: Math.max(config.maxFloors, 2 * maxRecords + 1),
      isHeld: (floorId) => records.holdings.holds(floorId)
    })
    const own = await OwnValues.open(file, maxOwn)
    const close = (): void => {
      own.stop()
      records.close()
      file.close()
    }
    // provider records are not kept: hearsay asks for none, and kad-dht would keep as many as strangers send
    const routes = { [RECORD_PREFIX]: records, [PROVIDER_PREFIX]: new BlackHoleDatastore() }
    return { datastore: new RoutedDatastore(routes, new MemoryDatastore()), rules, records, own, close }
  } catch (err) {
    file.close()
    throw err
  }
}
