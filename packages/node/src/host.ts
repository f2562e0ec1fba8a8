import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossip } from '@hearsay/protocol-gossip'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { createLibp2p } from 'libp2p'
import { gossipInit, limitsOfConfig } from './config/load.ts'
import { KAD_PROTOCOL, KAD_TUNING } from './dht/constants.ts'
import { hostFailure } from './errors.ts'
import { reachOf } from './reach/reach.ts'
import type { Gossip } from '@hearsay/protocol-gossip'
import type { Identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey, ServiceMap } from '@libp2p/interface'
import type { KadDHT, KadDHTComponents } from '@libp2p/kad-dht'
import type { Ping } from '@libp2p/ping'
import type { NodeConfig } from './config/options.ts'
import type { DhtStorage } from './dht/storage.ts'
import type { Log } from './log.ts'
import type { HostMetrics } from './operations/operations.ts'

export interface NodeServices extends ServiceMap {
  identify: Identify
  ping: Ping
  dht: KadDHT
  gossip: Gossip
}

/** In ms; a peer that does not say goodbye must not hold up a shutdown */
const CLOSE_TIMEOUT = 500

/** @throws {StartError} when an address cannot be listened on */
export async function createHost(
  config: NodeConfig,
  privateKey: PrivateKey,
  { datastore, rules }: DhtStorage,
  metrics: HostMetrics['metrics'],
  log: Log
): Promise<Libp2p<NodeServices>> {
  const { streamWindowBytes, maxConnections } = limitsOfConfig(config)
  const { transports, services, peerDiscovery } = await reachOf(config, log)

  try {
    return await createLibp2p<NodeServices>({
      privateKey,
      datastore,
      ...(metrics && { metrics }),
      addresses: { listen: config.listen },
      transports,
      peerDiscovery,
      connectionEncrypters: [noise()],
      streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: streamWindowBytes } })],
      // many programs on one machine share its loopback address
      connectionManager: {
        allow: ['/ip4/127.0.0.0/ipcidr/8'],
        connectionCloseTimeout: CLOSE_TIMEOUT,
        maxConnections
      },
      // its ping shares a stream limit with other pings, and must not end a connection for it
      connectionMonitor: { abortConnectionOnPingFailure: false },
      services: {
        ...services,
        identify: identify(),
        ping: ping(),
        dht: dhtService(rules),
        gossip: gossip(gossipInit(config))
      }
    })
  } catch (err) {
    throw hostFailure(err)
  }
}

function dhtService({ validators, selectors }: DhtStorage['rules']): (components: KadDHTComponents) => KadDHT {
  return kadDHT({
    ...KAD_TUNING,
    protocol: KAD_PROTOCOL,
    clientMode: false,
    peerInfoMapper: passthroughMapper,
    validators,
    selectors
  })
}
