/** What a node says of itself and of its peers, whatever protocols it runs. */
import { peerIdFromString } from '@libp2p/peer-id'
import { z } from 'zod'
import { RequestError } from '../problem.ts'
import { answers } from '../route.ts'
import type { Connection, Libp2p } from '@libp2p/interface'
import type { NodeProtocol } from '../../protocols/protocol.ts'
import type { RefusalLog } from '../../refusals.ts'
import type { Route } from '../route.ts'

const direction = z.enum(['inbound', 'outbound'])
const time = z.iso.datetime()

const status = z.object({
  peerId: z.string(),
  version: z.string(),
  pid: z.int(),
  startedAt: time,
  listen: z.array(z.string()).describe('multiaddrs'),
  user: z.string().nullable().describe('hash of the user whose records cup2py tells; null when it is off'),
  gossipApi: z.string().nullable().describe('null when gossip is off, as with the DHT'),
  dhtApi: z.string().nullable(),
  controlApi: z.string(),
  metricsApi: z.string().nullable(),
  dataDir: z.string(),
  ready: z.boolean(),
  connections: z.int(),
  protocols: z.record(z.string(), z.object({ ready: z.boolean(), peers: z.int() })),
  memoryBytes: z.int().describe('resident')
})

const peer = z.object({
  peer: z.string(),
  address: z.string().describe('of its connection'),
  direction,
  since: time,
  protocols: z.array(z.object({ name: z.string(), direction })).describe('in which it takes part')
})
const peers = z.object({ peers: z.array(peer) })

const refusals = z.object({
  peer: z.string(),
  connected: z.boolean(),
  protocols: z.array(z.string()).describe('in which it takes part'),
  refusals: z.array(z.object({ protocol: z.string(), reason: z.string(), time })).describe('oldest first')
})

export type Status = z.infer<typeof status>
export type Peers = z.infer<typeof peers>
export type Refusals = z.infer<typeof refusals>

export interface NodeView {
  libp2p: Libp2p
  protocols: readonly NodeProtocol[]
  refusals: RefusalLog
  /** What is fixed from the start on */
  facts: () => Omit<Status, 'peerId' | 'pid' | 'listen' | 'ready' | 'connections' | 'protocols' | 'memoryBytes'>
  ready: () => boolean
}

export function nodeRoutes(view: NodeView): Route[] {
  return [
    answers({
      method: 'get',
      path: '/v1/status',
      summary: 'how the node is',
      input: z.object({}),
      answer: status,
      handle: () => statusOf(view)
    }),
    answers({
      method: 'get',
      path: '/v1/peers',
      summary: 'who is connected, and in which protocols',
      input: z.object({}),
      answer: peers,
      handle: () => ({ peers: view.libp2p.getConnections().map((connection) => peerOf(connection, view.protocols)) })
    }),
    answers({
      method: 'get',
      path: '/v1/peers/{peer}/refusals',
      summary: 'when and why a peer was refused, as far as it is remembered',
      input: z.object({ peer: z.string() }),
      answer: refusals,
      handle: ({ peer: name }) => refusalsOf(name, view)
    })
  ]
}

function statusOf({ libp2p, protocols, facts, ready }: NodeView): Status {
  return {
    ...facts(),
    peerId: libp2p.peerId.toString(),
    pid: process.pid,
    listen: libp2p.getMultiaddrs().map(String),
    ready: ready(),
    connections: libp2p.getConnections().length,
    protocols: Object.fromEntries(
      protocols.map((each) => [each.name, { ready: each.ready(), peers: each.peers().length }])
    ),
    memoryBytes: process.memoryUsage.rss()
  }
}

function peerOf(connection: Connection, protocols: readonly NodeProtocol[]): Peers['peers'][number] {
  const name = connection.remotePeer.toString()
  return {
    peer: name,
    address: connection.remoteAddr.toString(),
    direction: connection.direction,
    since: new Date(connection.timeline.open).toISOString(),
    protocols: protocols.flatMap((protocol) =>
      protocol
        .peers()
        .filter((each) => each.peer === name)
        .map((each) => ({ name: protocol.name, direction: each.direction }))
    )
  }
}

function refusalsOf(name: string, { libp2p, protocols, refusals: log }: NodeView): Refusals {
  checkPeerId(name)

  return {
    peer: name,
    connected: libp2p.getPeers().some((each) => each.toString() === name),
    protocols: protocols.filter((each) => each.peers().some(({ peer: id }) => id === name)).map((each) => each.name),
    refusals: [...log.of(name)]
  }
}

function checkPeerId(text: string): void {
  try {
    peerIdFromString(text)
  } catch {
    throw new RequestError('InvalidParametersError', `${JSON.stringify(text.slice(0, 200))} is no peer id`)
  }
}
