import { join } from 'node:path'
import { SqliteBook } from '@hearsay/protocol-cup2py/sqlite'
import { apiInit, createDhtApi, createGossipApi, listenDhtApi } from './api/servers.ts'
import { knownPeers, limitsOfConfig, userKeyInit } from './config/load.ts'
import { openDataDir } from './data-dir.ts'
import { lockDataDir } from './data-dir-lock.ts'
import { Dht } from './dht/dht.ts'
import { createHost } from './host.ts'
import { loadHostkey, loadIdentity } from './key-file.ts'
import { KnownPeers } from './known-peers.ts'
import { hostMetrics, Operations } from './operations/operations.ts'
import { nodeProtocols } from './protocols/index.ts'
import { BOOK_FILE, openStorage } from './storage.ts'
import { openUserKey } from './user-key.ts'
import type { Gossip } from '@hearsay/protocol-gossip'
import type { Libp2p } from '@libp2p/interface'
import type { ApiInit } from './api/servers.ts'
import type { HostPort } from './config/kinds.ts'
import type { NodeConfig } from './config/options.ts'
import type { HostInit, NodeServices } from './host.ts'
import type { Log } from './log.ts'

export type { NodeServices } from './host.ts'

/** What is turned off is undefined */
export interface HearsayNode {
  readonly libp2p: Libp2p<NodeServices>
  /** Values on the DHT */
  readonly dht: Dht | undefined
  /** Where the gossip API listens */
  readonly gossipApi: HostPort | undefined
  /** Where the DHT API listens */
  readonly dhtApi: HostPort | undefined
  /** `http://host:port` or the path of a socket */
  readonly controlApi: string
  /** Where metrics and probes are; undefined when they are off */
  readonly metricsApi: HostPort | undefined
  stop(): Promise<void>
}

type Host = Libp2p<NodeServices>

/** What runs, and is stopped together */
type Started = { stop(): Promise<void> | void }[]
/** What is done once that has stopped, one after the other; the data directory is given back last */
type Ends = (() => Promise<void> | void)[]

/**
 * The reference node: one libp2p host with every protocol that is on, and its APIs.
 *
 * @throws {StartError} when an address cannot be listened on, a key cannot be loaded, or another node runs with the data
 *   directory
 */
export async function createNode(config: NodeConfig, log: Log): Promise<HearsayNode> {
  const dataDir = config['data-dir']
  const unlock = await lockDataDir(dataDir)
  const started: Started = []
  const ends: Ends = [unlock]
  const stop = async (): Promise<void> => {
    await Promise.all(started.map(async (each) => each.stop()))

    for (const end of ends.splice(0)) {
      await end()
    }
  }

  try {
    await openDataDir(dataDir)
    const privateKey = await (config.hostkey === undefined ? loadIdentity(dataDir) : loadHostkey(config.hostkey))
    const userKey = config.cup2py || config.shout ? await openUserKey(userKeyInit(config)) : undefined
    const storage = await openStorage(config)
    ends.unshift(() => storage.close())
    const apis = apiInit(limitsOfConfig(config), log)
    return await startAll({ config, privateKey, userKey, storage, apis, log, started, ends, stop })
  } catch (err) {
    await stop()
    throw err
  }
}

interface StartInit extends Pick<HostInit, 'config' | 'privateKey' | 'userKey' | 'storage' | 'log'> {
  apis: ApiInit
  /** Gets each part as soon as it may have to be stopped */
  started: Started
  ends: Ends
  stop: () => Promise<void>
}

async function startAll(init: StartInit): Promise<HearsayNode> {
  const { config, log, started, ends, stop } = init
  const { registry, metrics } = await hostMetrics(config)
  const book = new SqliteBook(join(config['data-dir'], BOOK_FILE))
  const libp2p = await createHost({ ...init, book, metrics })
  started.push(libp2p)
  const { dht, dhtApi } = await startDht(init, libp2p)
  const gossipApi = await startGossip(init, libp2p)
  startKnownPeers(init, libp2p)
  const protocols = await nodeProtocols({ libp2p, book, dht, storage: init.storage, log })
  const operations = new Operations({ config, libp2p, protocols, gossipApi, dhtApi, registry, log })
  ends.unshift(async () => operations.stop())
  await operations.start()

  const stopAll = async (): Promise<void> => {
    await operations.beginShutdown()
    await stop()
  }
  const { controlApi, metricsApi } = operations
  return { libp2p, dht, gossipApi, dhtApi, controlApi, metricsApi, stop: stopAll }
}

async function startGossip({ config, apis, log, started }: StartInit, libp2p: Host): Promise<HostPort | undefined> {
  const { gossip } = libp2p.services

  if (gossip === undefined) {
    return undefined
  }

  reportGossip(gossip, log)
  const server = createGossipApi(gossip, apis)
  started.push(server)
  const place = await server.listen(config['gossip-api'])

  if (gossip.ready) {
    // it became so on start, when nobody could listen
    log.info('gossip: ready')
  }

  return place
}

async function startDht(init: StartInit, libp2p: Host): Promise<{ dht?: Dht; dhtApi?: HostPort }> {
  const { config, privateKey, storage, apis, log, started } = init
  const { dht: kadDht } = libp2p.services

  if (kadDht === undefined || storage.dht === undefined) {
    return {}
  }

  const dht = new Dht({ libp2p, kadDht, storage: storage.dht, privateKey })
  const server = createDhtApi(dht, apis)
  started.push(dht, server)
  dht.start()
  return { dht, dhtApi: await listenDhtApi(server, config['dht-api'], log) }
}

function startKnownPeers({ config, log, started }: StartInit, libp2p: Host): void {
  const addresses = [...knownPeers(config), ...(config.bootstrapper === undefined ? [] : [config.bootstrapper])]

  if (!config.gossip && addresses.length > 0) {
    const known = new KnownPeers({ libp2p, addresses, interval: config['search-cooldown'] * 1_000, log })
    started.push(known)
    known.start()
  }
}

function reportGossip(service: Gossip, log: Log): void {
  service.addEventListener('peer:verified', ({ detail }) => log.info(`gossip: ${detail.direction} peer ${detail.peer}`))
  service.addEventListener('peer:lost', ({ detail }) => log.info(`gossip: lost peer ${detail}`))
  service.addEventListener('ready', ({ detail }) =>
    detail ? log.info('gossip: ready') : log.warn('gossip: not ready: no known peer answers, trying again')
  )
}
