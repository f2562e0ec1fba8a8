import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossip } from '@hearsay/protocol-gossip'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { DhtApiSession, MAX_REQUESTS } from './api/dht-api.ts'
import { GossipApiSession } from './api/gossip-api.ts'
import { ApiServer } from './api/server.ts'
import { gossipInit, limitsOfConfig } from './config/load.ts'
import { openDataDir } from './data-dir.ts'
import { KAD_PROTOCOL, KAD_TUNING } from './dht/constants.ts'
import { Dht } from './dht/dht.ts'
import { Slots } from './dht/slots.ts'
import { openDhtStorage } from './dht/storage.ts'
import { hostFailure, StartError } from './errors.ts'
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
import type { DhtStorage } from './dht/storage.ts'
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
  /** Values on the DHT */
  readonly dht: Dht
  /** Where the gossip API listens */
  readonly gossipApi: HostPort
  /** Where the DHT API listens */
  readonly dhtApi: HostPort
  /** `http://host:port` or the path of a socket; undefined when another node of the same data directory has it */
  readonly controlApi: string | undefined
  /** Where metrics and probes are; undefined when they are off */
  readonly metricsApi: HostPort | undefined
  stop(): Promise<void>
}

/** In ms; until kad-dht has looked for the peers around us, its other walks wait */
const SELF_QUERY_DELAY = 50
const DHT_API: HostPort = { host: '127.0.0.1', port: 7401 }
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
  const storage = await openStorage(config['data-dir'])
  const { registry, metrics } = await hostMetrics(config)
  const limits = limitsOfConfig(config)
  const started: { stop(): Promise<void> | void }[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(started.map(async (each) => each.stop()))
    storage.close()
  }

  try {
    const libp2p = await createHost(config, privateKey, storage, metrics)
    started.push(libp2p)
    reportGossip(libp2p.services.gossip, log)
    const dht = new Dht({ libp2p, kadDht: libp2p.services.dht, storage, privateKey })
    const [gossipServer, dhtServer] = [
      createGossipApi(libp2p.services.gossip, limits, log),
      createDhtApi(dht, limits, log)
    ]
    started.push(dht, gossipServer, dhtServer)
    dht.start()
    const gossipApi = await gossipServer.listen(config['gossip-api'])
    const dhtApi = await listenDhtApi(dhtServer, config['dht-api'], log)
    const protocols = [gossipProtocol(libp2p.services.gossip)]
    const operations = new Operations({ config, libp2p, protocols, gossipApi, registry, log })
    await operations.start()

    if (libp2p.services.gossip.ready) {
      // it became so on start, when nobody could listen
      log.info('gossip: ready')
    }

    const { controlApi, metricsApi } = operations
    return {
      libp2p,
      dht,
      gossipApi,
      dhtApi,
      controlApi,
      metricsApi,
      stop: async () => {
        await operations.beginShutdown()
        await stop()
        await operations.stop()
      }
    }
  } catch (err) {
    await stop()
    throw err
  }
}

/** @throws {StartError} when the file cannot be opened */
async function openStorage(dataDir: string): Promise<DhtStorage> {
  try {
    return await openDhtStorage(dataDir)
  } catch (err) {
    throw new StartError(`cannot keep values in the data directory ${dataDir}: ${(err as Error).message}`, {
      cause: err
    })
  }
}

async function createHost(
  config: NodeConfig,
  privateKey: PrivateKey,
  { datastore, rules }: DhtStorage,
  metrics: HostMetrics['metrics']
): Promise<Libp2p<NodeServices>> {
  const { streamWindowBytes, maxConnections } = limitsOfConfig(config)

  try {
    return await createLibp2p<NodeServices>({
      privateKey,
      datastore,
      ...(metrics && { metrics }),
      addresses: { listen: config.listen },
      transports: [tcp()],
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
        dht: kadDHT({
          ...KAD_TUNING,
          protocol: KAD_PROTOCOL,
          clientMode: false,
          peerInfoMapper: passthroughMapper,
          initialQuerySelfInterval: SELF_QUERY_DELAY,
          validators: rules.validators,
          selectors: rules.selectors
        }),
        gossip: gossip(gossipInit(config))
      }
    })
  } catch (err) {
    throw hostFailure(err)
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

function createDhtApi(dht: Dht, { maxClients }: Limits, log: Log): ApiServer {
  const requests = new Slots(MAX_REQUESTS)
  return new ApiServer({
    name: 'DHT API',
    flag: '--dht-api',
    createSession: (client) => new DhtApiSession(client, { dht, requests, log }),
    maxClients,
    log
  })
}

/** Several nodes may run on one machine: only a port that was asked for must be had */
async function listenDhtApi(server: ApiServer, asked: HostPort | undefined, log: Log): Promise<HostPort> {
  try {
    return await server.listen(asked ?? DHT_API)
  } catch (err) {
    if (asked !== undefined || ((err as Error).cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
      throw err
    }

    const free = await server.listen({ ...DHT_API, port: 0 })
    log.info(`DHT API: port ${DHT_API.port} is in use; it listens on port ${free.port} (--dht-api)`)
    return free
  }
}

function reportGossip(service: Gossip, log: Log): void {
  service.addEventListener('peer:verified', ({ detail }) => log.info(`gossip: ${detail.direction} peer ${detail.peer}`))
  service.addEventListener('peer:lost', ({ detail }) => log.info(`gossip: lost peer ${detail}`))
  service.addEventListener('ready', ({ detail }) =>
    detail ? log.info('gossip: ready') : log.warn('gossip: not ready: no known peer answers, trying again')
  )
}
