/** Some hosts that say things to all, whichever protocol they use. */
import { createLibp2p } from 'libp2p'
import { degrees } from './graph.ts'
import { hostOptions, stopAll } from './hosts.ts'
import { until } from './rounds.ts'
import { SocketCounter } from './sockets.ts'
import type { Libp2p, ServiceMap } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'
import type { Edges } from './graph.ts'

export interface Swarm {
  readonly nodes: number
  /** Host `from` says something to all others. The swarm may keep the bytes */
  publish(from: number, data: Uint8Array): void
  /** Sets what is called for each message that each of the others is given */
  onDelivery(delivered: (data: Uint8Array) => void): void
  /** Bytes that all its sockets have sent */
  bytes(): number
  stop(): Promise<void>
}

/** Takes part in a comparison, with a new swarm in each round. */
export interface Contestant {
  name: string
  start(nodes: number, edges: Edges): Promise<Swarm>
}

export interface Protocol<S extends ServiceMap> {
  name: string
  services(): Libp2pOptions<S>['services']
  /** Neighbours that it is ready to talk to */
  neighbours(host: Libp2p<S>): number
  /** Before hosts are connected */
  join(host: Libp2p<S>, delivered: (data: Uint8Array) => void): void
  publish(host: Libp2p<S>, data: Uint8Array): void
}

/** Hosts that are connected along the edges, and by no other. */
export function contestant<S extends ServiceMap>(protocol: Protocol<S>): Contestant {
  return {
    name: protocol.name,
    start: async (nodes, edges) => {
      const counter = new SocketCounter()
      const hosts = await Promise.all(
        Array.from({ length: nodes }, async () =>
          createLibp2p<S>({ ...(hostOptions() as Libp2pOptions<S>), services: protocol.services()! })
        )
      )
      let delivered = (_data: Uint8Array): void => {}
      hosts.forEach((host) => protocol.join(host, (data) => delivered(data)))
      await connect(protocol, hosts, edges)
      counter.stop()

      return {
        nodes,
        publish: (from, data) => protocol.publish(hosts[from]!, data),
        onDelivery: (callback) => (delivered = callback),
        bytes: () => counter.bytes,
        stop: async () => stopAll(hosts)
      }
    }
  }
}

async function connect<S extends ServiceMap>(
  protocol: Protocol<S>,
  hosts: readonly Libp2p<S>[],
  edges: Edges
): Promise<void> {
  for (const [from, to] of edges) {
    await hosts[from]!.dial(hosts[to]!.getMultiaddrs())
  }

  const wanted = degrees(hosts.length, edges)
  await until(`${protocol.name}: neighbours`, () => hosts.every((host, i) => protocol.neighbours(host) === wanted[i]))
}
