import { dhtRoutes } from '../control/routes/dht.ts'
import { KAD_PROTOCOL } from '../dht/constants.ts'
import { neighbours } from './neighbours.ts'
import type { Libp2p } from '@libp2p/interface'
import type { Dht } from '../dht/dht.ts'
import type { DhtStorage } from '../dht/storage.ts'
import type { NodeProtocol } from './protocol.ts'

export async function dhtProtocol(libp2p: Libp2p, dht: Dht, { records }: DhtStorage): Promise<NodeProtocol> {
  return {
    name: 'dht',
    // alone, it keeps values itself
    ready: () => true,
    peers: await neighbours(libp2p, KAD_PROTOCOL),
    // no onRefusal: what it refuses are values
    routes: () => dhtRoutes(dht),
    metrics: (metrics) => {
      metrics.registerMetric('hearsay_dht_values', {
        help: 'Values held for the network',
        calculate: () => records.holdings.size
      })
    }
  }
}
