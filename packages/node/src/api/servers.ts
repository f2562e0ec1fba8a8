/** The TCP APIs of a node. */
import { Slots } from '../dht/slots.ts'
import { DhtApiSession, MAX_REQUESTS } from './dht-api.ts'
import { GossipApiSession } from './gossip-api.ts'
import { ApiServer } from './server.ts'
import type { Gossip } from '@hearsay/protocol-gossip'
import type { HostPort } from '../config/kinds.ts'
import type { Dht } from '../dht/dht.ts'
import type { Limits } from '../limits.ts'
import type { Log } from '../log.ts'

const DHT_API: HostPort = { host: '127.0.0.1', port: 7401 }

export function createGossipApi(service: Gossip, { maxClients }: Limits, log: Log): ApiServer {
  let clients = 0
  return new ApiServer({
    name: 'gossip API',
    flag: '--gossip-api',
    createSession: (client) => new GossipApiSession(client, service, `api client ${clients++}`),
    maxClients,
    log
  })
}

export function createDhtApi(dht: Dht, { maxClients }: Limits, log: Log): ApiServer {
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
export async function listenDhtApi(server: ApiServer, asked: HostPort | undefined, log: Log): Promise<HostPort> {
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
