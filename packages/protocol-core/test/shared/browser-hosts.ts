import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { createLibp2p } from 'libp2p'
import type { Libp2p, ServiceMap } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

type Options<Services extends ServiceMap> = Pick<Libp2pOptions<Services>, 'transports' | 'services'>

/** A host in Node.js for browsers to dial */
export async function createPeerOfPages<Services extends ServiceMap>(
  options: Options<Services>
): Promise<Libp2p<Services>> {
  return createLibp2p<Services>({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: Infinity },
    ...options
  })
}

/** A host in a page, which dials that */
export async function createPage<Services extends ServiceMap>(options: Options<Services>): Promise<Libp2p<Services>> {
  return createLibp2p<Services>({
    addresses: { listen: [] },
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // the default gater refuses private addresses in a browser
    connectionGater: { denyDialMultiaddr: () => false },
    ...options
  })
}
