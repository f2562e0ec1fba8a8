import { createApis, listenDhtApi } from './api/servers.ts'
import { limitsOfConfig } from './config/load.ts'
import { openDataDir } from './data-dir.ts'
import { lockDataDir } from './data-dir-lock.ts'
import { Dht } from './dht/dht.ts'
import { openDhtStorage } from './dht/storage.ts'
import { StartError } from './errors.ts'
import { createHost } from './host.ts'
import { loadHostkey, loadIdentity } from './key-file.ts'
import { hostMetrics, Operations } from './operations/operations.ts'
import { gossipProtocol } from './protocols/gossip.ts'
import type { Gossip } from '@hearsay/protocol-gossip'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import type { HostPort } from './config/kinds.ts'
import type { NodeConfig } from './config/options.ts'
import type { DhtStorage } from './dht/storage.ts'
import type { NodeServices } from './host.ts'
import type { Log } from './log.ts'

export type { NodeServices } from './host.ts'

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

/** What runs, and is stopped together */
type Started = { stop(): Promise<void> | void }[]

/**
 * The reference node: one libp2p host with every protocol, and its APIs.
 *
 * @throws {StartError} when an address cannot be listened on, the identity cannot be loaded, or another node runs with
 *   the data directory
 */
export async function createNode(config: NodeConfig, log: Log): Promise<HearsayNode> {
  const dataDir = config['data-dir']
  await openDataDir(dataDir)
  const unlock = await lockDataDir(dataDir)
  const started: Started = []
  const ends: (() => void)[] = [unlock]
  const stop = async (): Promise<void> => {
    await Promise.all(started.map(async (each) => each.stop()))
    ends.splice(0).forEach((end) => end())
  }

  try {
    const privateKey = await (config.hostkey === undefined ? loadIdentity(dataDir) : loadHostkey(config.hostkey))
    const storage = await openStorage(dataDir)
    ends.unshift(() => storage.close())
    return await startAll({ config, privateKey, storage, log, started, stop })
  } catch (err) {
    await stop()
    throw err
  }
}

interface StartInit {
  config: NodeConfig
  privateKey: PrivateKey
  storage: DhtStorage
  log: Log
  /** Gets each part as soon as it may have to be stopped */
  started: Started
  stop: () => Promise<void>
}

async function startAll({ config, privateKey, storage, log, started, stop }: StartInit): Promise<HearsayNode> {
  const { registry, metrics } = await hostMetrics(config)
  const limits = limitsOfConfig(config)
  const libp2p = await createHost(config, privateKey, storage, metrics, log)
  const { gossip, dht: kadDht } = libp2p.services
  started.push(libp2p)
  reportGossip(gossip, log)
  const dht = new Dht({ libp2p, kadDht, storage, privateKey })
  const apis = createApis(gossip, dht, limits, log)
  started.push(dht, apis.gossip, apis.dht)
  dht.start()
  const gossipApi = await apis.gossip.listen(config['gossip-api'])
  const dhtApi = await listenDhtApi(apis.dht, config['dht-api'], log)
  const operations = new Operations({ config, libp2p, protocols: [gossipProtocol(gossip)], gossipApi, registry, log })
  await operations.start()

  if (gossip.ready) {
    // it became so on start, when nobody could listen
    log.info('gossip: ready')
  }

  const stopAll = async (): Promise<void> => {
    await operations.beginShutdown()
    await stop()
    await operations.stop()
  }
  const { controlApi, metricsApi } = operations
  return { libp2p, dht, gossipApi, dhtApi, controlApi, metricsApi, stop: stopAll }
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

function reportGossip(service: Gossip, log: Log): void {
  service.addEventListener('peer:verified', ({ detail }) => log.info(`gossip: ${detail.direction} peer ${detail.peer}`))
  service.addEventListener('peer:lost', ({ detail }) => log.info(`gossip: lost peer ${detail}`))
  service.addEventListener('ready', ({ detail }) =>
    detail ? log.info('gossip: ready') : log.warn('gossip: not ready: no known peer answers, trying again')
  )
}
