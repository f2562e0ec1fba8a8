import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossip } from '@hearsay/protocol-gossip'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { GossipApiSession } from './api/gossip-api.ts'
import { ApiServer } from './api/server.ts'
import { gossipInit, limitsOfConfig } from './config/load.ts'
import { openDataDir } from './data-dir.ts'
import { listenProblem, StartError } from './errors.ts'
import { loadHostkey, loadIdentity } from './key-file.ts'
import { hostMetrics, Operations } from './operations/operations.ts'
import { gossipProtocol } from './protocols/gossip.ts'
import type { Gossip } from '@hearsay/protocol-gossip'
import type { Identify } from '@libp2p/identify'
import type { Ping } from '@libp2p/ping'
import type { KadDHT } from '@libp2p/kad-dht'
import type { Libp2p, PrivateKey, ServiceMap } from '@libp2p/interface'
import type { HostPort } from './config/kinds.ts'
import type { NodeConfig } from './config/options.ts'
import type { HostMetrics } from './operations/operations.ts'
import type { Limits } from './limits.ts'
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
  /** `http://host:port` or the path of a socket; undefined when another node of the same data directory has it */
  readonly controlApi: string | undefined
  /** Where metrics and probes are; undefined when they are off */
  readonly metricsApi: HostPort | undefined
  stop(): Promise<void>
}

const TCP_EXAMPLE = '/ip4/0.0.0.0/tcp/6001'
/** In ms; a peer that does not say goodbye must not hold up a shutdown */
const CLOSE_TIMEOUT = 500

/**
 * The reference node: one libp2p host with every protocol, and its APIs.
 *
 * @throws {StartError} when an address cannot be listened on, or the identity cannot be loaded
 */
export async function createNode(config: NodeConfig, log: Log): Promise<HearsayNode> {
  await openDataDir(config['data-dir'])
  const privateKey = await (config.hostkey === undefined
    ? loadIdentity(config['data-dir'])
    : loadHostkey(config.hostkey))
  const { registry, metrics } = await hostMetrics(config)
  const libp2p = await createHost(config, privateKey, metrics)
  reportGossip(libp2p.services.gossip, log)
  const api = createGossipApi(libp2p.services.gossip, limitsOfConfig(config), log)

  try {
    const gossipApi = await api.listen(config['gossip-api'])
    const protocols = [gossipProtocol(libp2p.services.gossip)]
    const operations = new Operations({ config, libp2p, protocols, gossipApi, registry, log })
    await operations.start()

    if (libp2p.services.gossip.ready) {
      // it became so on start, when nobody could listen
      log.info('gossip: ready')
    }

    const stop = async (): Promise<void> => {
      await operations.beginShutdown()
      await Promise.all([api.stop(), libp2p.stop()])
      await operations.stop()
    }
    const { controlApi, metricsApi } = operations
    return { libp2p, gossipApi, controlApi, metricsApi, stop }
  } catch (err) {
    await Promise.all([api.stop(), libp2p.stop()])
    throw err
  }
}

async function createHost(
  config: NodeConfig,
  privateKey: PrivateKey,
  metrics: HostMetrics['metrics']
): Promise<Libp2p<NodeServices>> {
  const { streamWindowBytes, maxConnections } = limitsOfConfig(config)

  try {
    return await createLibp2p<NodeServices>({
      privateKey,
      ...(metrics && { metrics }),
      addresses: { listen: config.listen },
      transports: [tcpFor(config.listen)],
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
        identify: identify(),
        ping: ping(),
        dht: kadDHT({ protocol: '/hearsay/kad/1.0.0', clientMode: false, peerInfoMapper: passthroughMapper }),
        gossip: gossip(gossipInit(config))
      }
    })
  } catch (err) {
    if (err instanceof StartError) {
      throw err
    }

    throw new StartError(`cannot listen on ${config.listen.join(', ')} (--listen): ${listenProblem(err)}`, {
      cause: err
    })
  }
}

/** libp2p leaves out an address that no transport takes, unless none is left */
function tcpFor(listen: readonly string[]): ReturnType<typeof tcp> {
  return (components) => {
    const transport = tcp()(components)
    const strange = listen.find((address) => transport.listenFilter([multiaddr(address)]).length === 0)

    if (strange !== undefined) {
      throw new StartError(`cannot listen on ${strange} (--listen): only TCP addresses such as ${TCP_EXAMPLE} will do`)
    }

    return transport
  }
}

function createGossipApi(service: Gossip, { maxClients }: Limits, log: Log): ApiServer {
  let clients = 0
  return new ApiServer({
    name: 'gossip API',
    flag: '--gossip-api',
    createSession: (client) => new GossipApiSession(client, service, `api client ${clients++}`),
    maxClients,
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
