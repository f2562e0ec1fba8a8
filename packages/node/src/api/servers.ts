/** The TCP APIs of a node. */
import { Slots } from '../dht/slots.ts'
import { ClientQueues } from './client-queues.ts'
import { DhtApiSession, MAX_REQUESTS } from './dht-api.ts'
import { GossipApiSession } from './gossip-api.ts'
import { ApiServer } from './server.ts'
import type { Gossip } from '@hearsay/protocol-gossip'
import type { HostPort } from '../config/kinds.ts'
import type { Dht } from '../dht/dht.ts'
import type { Limits } from '../limits.ts'
import type { Log } from '../log.ts'
import type { ApiServerInit } from './server.ts'

const DHT_API: HostPort = { host: '127.0.0.1', port: 7401 }

/** What the APIs share */
export type ApiInit = Pick<ApiServerInit, 'maxClients' | 'queues' | 'log'>

/** Their clients share one bound of what they may leave unread */
export function apiInit({ maxClients, clientQueueBytes }: Limits, log: Log): ApiInit {
  return { maxClients, queues: new ClientQueues(clientQueueBytes), log }
}

export function createGossipApi(service: Gossip, init: ApiInit): ApiServer {
  let clients = 0
  return new ApiServer({
    name: 'gossip API',
    flag: '--gossip-api',
    createSession: (client) => new GossipApiSession(client, service, `api client ${clients++}`),
    ...init
  })
}

export function createDhtApi(dht: Dht, init: ApiInit): ApiServer {
  const requests = new Slots(MAX_REQUESTS)
  return new ApiServer({
    name: 'DHT API',
    flag: '--dht-api',
    createSession: (client) => new DhtApiSession(client, { dht, requests, log: init.log }),
    ...init
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
