import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { cup2py } from '@hearsay/protocol-cup2py'
import { gossip } from '@hearsay/protocol-gossip'
import { shout } from '@hearsay/protocol-shout'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { createLibp2p } from 'libp2p'
import { cup2pyInit, gossipInit, limitsOfConfig, shoutInit } from './config/load.ts'
import { KAD_PROTOCOL, KAD_TUNING } from './dht/constants.ts'
import { hostFailure } from './errors.ts'
import { reachOf } from './reach/reach.ts'
import type { RsaPrivateKey } from '@hearsay/protocol-core'
import type { AddressBook, Cup2py } from '@hearsay/protocol-cup2py'
import type { Gossip } from '@hearsay/protocol-gossip'
import type { Shout } from '@hearsay/protocol-shout'
import type { Identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey, ServiceMap } from '@libp2p/interface'
import type { KadDHT, KadDHTComponents } from '@libp2p/kad-dht'
import type { Ping } from '@libp2p/ping'
import type { NodeConfig } from './config/options.ts'
import type { RecordRules } from './dht/record-rules.ts'
import type { Log } from './log.ts'
import type { HostMetrics } from './operations/operations.ts'
import type { NodeStorage } from './storage.ts'

/** Undefined is what is turned off */
export interface NodeServices extends ServiceMap {
  identify: Identify
  ping: Ping
  dht?: KadDHT
  gossip?: Gossip
  cup2py?: Cup2py
  shout?: Shout
}

export interface HostInit {
  config: NodeConfig
  privateKey: PrivateKey
  /** Of cup2py and shout; there if one of them is on */
  userKey: RsaPrivateKey | undefined
  storage: NodeStorage
  /** Of cup2py */
  book: AddressBook
  metrics: HostMetrics['metrics']
  log: Log
}

/** In ms; a peer that does not say goodbye must not hold up a shutdown */
const CLOSE_TIMEOUT = 500

/** @throws {StartError} when an address cannot be listened on */
export async function createHost(init: HostInit): Promise<Libp2p<NodeServices>> {
  const { config, privateKey, storage, metrics } = init
  const { streamWindowBytes, maxConnections } = limitsOfConfig(config)
  const { transports, services, peerDiscovery } = await reachOf(config, init.log)

  try {
    return await createLibp2p<NodeServices>({
      privateKey,
      datastore: storage.datastore,
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
      services: { ...services, ...protocols(init) }
    })
  } catch (err) {
    throw hostFailure(err)
  }
}

function protocols({ config, userKey: key, storage, book }: HostInit) {
  return {
    identify: identify(),
    ping: ping(),
    ...(storage.dht && { dht: dhtService(storage.dht.rules) }),
    ...(config.gossip && { gossip: gossip(gossipInit(config)) }),
    ...(config.cup2py && key && { cup2py: cup2py({ ...cup2pyInit(config), key, addressBook: book }) }),
    ...(config.shout && key && { shout: shout({ ...shoutInit(config), key }) })
  }
}

function dhtService({
  validators,
  selectors
}: Pick<RecordRules, 'validators' | 'selectors'>): (components: KadDHTComponents) => KadDHT {
  return kadDHT({
    ...KAD_TUNING,
    protocol: KAD_PROTOCOL,
    clientMode: false,
    peerInfoMapper: passthroughMapper,
    validators,
    selectors
  })
}
