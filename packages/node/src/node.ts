import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossip } from '@hearsay/protocol-gossip'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { GossipApiSession } from './api/gossip-api.ts'
import { ApiServer } from './api/server.ts'
import { gossipInit } from './config/load.ts'
import { hostFailure } from './errors.ts'
import { loadHostkey, loadIdentity } from './key-file.ts'
import type { Gossip } from '@hearsay/protocol-gossip'
import type { Identify } from '@libp2p/identify'
import type { Ping } from '@libp2p/ping'
import type { KadDHT } from '@libp2p/kad-dht'
import type { Libp2p, PrivateKey, ServiceMap } from '@libp2p/interface'
import type { HostPort } from './config/kinds.ts'
import type { NodeConfig } from './config/options.ts'
import type { Log } from './log.ts'

export interface NodeServices extends ServiceMap {
  identify: Identify
  ping: Ping
  dht: KadDHT
  gossip: Gossip
}

export interface HearsayNode {
  readonly libp2p: Libp2p<NodeServices>
  /** Where the gossip API listens */
  readonly gossipApi: HostPort
  stop(): Promise<void>
}

/** Half a stream's window is what a stalled peer can make us hold twice; 1 MiB is 10 MB/s at 100 ms round trip */
const MAX_STREAM_WINDOW_BYTES = 2 ** 20
/** In ms; a peer that does not say goodbye must not hold up a shutdown */
const CLOSE_TIMEOUT = 500

/**
 * The reference node: one libp2p host with every protocol, and its APIs.
 *
 * @throws {StartError} when an address cannot be listened on, or the identity cannot be loaded
 */
export async function createNode(config: NodeConfig, log: Log): Promise<HearsayNode> {
  const privateKey = await (config.hostkey === undefined
    ? loadIdentity(config['data-dir'])
    : loadHostkey(config.hostkey))
  const libp2p = await createHost(config, privateKey)
  reportGossip(libp2p.services.gossip, log)
  const api = createGossipApi(libp2p.services.gossip, log)

  try {
    const gossipApi = await api.listen(config['gossip-api'])

    if (libp2p.services.gossip.ready) {
      // it became so on start, when nobody could listen
      log.info('gossip: ready')
    }

    const stop = async (): Promise<void> => {
      await Promise.all([api.stop(), libp2p.stop()])
    }
    return { libp2p, gossipApi, stop }
  } catch (err) {
    await libp2p.stop()
    throw err
  }
}

async function createHost(config: NodeConfig, privateKey: PrivateKey): Promise<Libp2p<NodeServices>> {
  try {
    return await createLibp2p<NodeServices>({
      privateKey,
      addresses: { listen: config.listen },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: MAX_STREAM_WINDOW_BYTES } })],
      // many programs on one machine share its loopback address
      connectionManager: { allow: ['/ip4/127.0.0.0/ipcidr/8'], connectionCloseTimeout: CLOSE_TIMEOUT },
      // its ping shares a stream limit with other pings, and must not end a connection for it
      connectionMonitor: { abortConnectionOnPingFailure: false },
      services: {
        identify: identify(),
        ping: ping(),
        dht: kadDHT({ protocol: '/hearsay/kad/1.0.0', clientMode: false, peerInfoMapper: passthroughMapper }),
        gossip: gossip(gossipInit(config))
      }
    })
  } catch (err) {
    throw hostFailure(err)
  }
}

function createGossipApi(service: Gossip, log: Log): ApiServer {
  let clients = 0
  return new ApiServer({
    name: 'gossip API',
    flag: '--gossip-api',
    createSession: (client) => new GossipApiSession(client, service, `api client ${clients++}`),
    log
  })
}

function reportGossip(service: Gossip, log: Log): void {
  service.addEventListener('peer:verified', ({ detail }) => log.info(`gossip: ${detail.direction} peer ${detail.peer}`))
  service.addEventListener('peer:lost', ({ detail }) => log.info(`gossip: lost peer ${detail}`))
  service.addEventListener('ready', ({ detail }) =>
    detail ? log.info('gossip: ready') : log.warn('gossip: not ready: no known peer answers, trying again')
  )
}
