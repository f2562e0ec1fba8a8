import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossip } from '@hearsay/protocol-gossip'
import { identify } from '@libp2p/identify'
import { memory } from '@libp2p/memory'
import { createLibp2p } from 'libp2p'
import { HostGroup } from '../../protocol-core/test/shared/host-group.ts'
import type { Gossip, GossipInit } from '@hearsay/protocol-gossip'
import type { Libp2p, ServiceMap } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

export interface GossipServices extends ServiceMap {
  identify: ReturnType<ReturnType<typeof identify>>
  gossip: Gossip
}
export type GossipHost = Libp2p<GossipServices>

let addresses = 0

/** A libp2p host with gossip on the memory transport; proofs of 4 bits unless told otherwise */
export async function createHost(
  init: GossipInit = {},
  options: Partial<Libp2pOptions<GossipServices>> = {}
): Promise<GossipHost> {
  return createLibp2p<GossipServices>({
    addresses: { listen: [`/memory/gossip-test-${addresses++}`] },
    transports: [memory()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    services: { identify: identify(), gossip: gossip({ difficultyBits: 4, ...init }) },
    ...options
  })
}

export const addressOf = (host: GossipHost): string => host.getMultiaddrs()[0]!.toString()

/** Hosts that are stopped together */
export class Hosts extends HostGroup<GossipHost> {
  async create(...args: Parameters<typeof createHost>): Promise<GossipHost> {
    return this.add(await createHost(...args))
  }
}
