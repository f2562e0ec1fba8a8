/** A program of its own, so that its memory is nobody else's: one node. It tells its address, and its memory when asked. */
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossip } from '@hearsay/protocol-gossip'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'

const node = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionManager: {
    inboundConnectionThreshold: Infinity,
    maxIncomingPendingConnections: 100,
    inboundUpgradeTimeout: 60_000,
    inboundStreamProtocolNegotiationTimeout: 60_000
  },
  connectionMonitor: { enabled: false },
  services: { identify: identify(), gossip: gossip({ challengeTimeout: Number(process.argv[2]) }) }
})

process.on('message', () => {
  globalThis.gc?.()
  process.send?.({ rss: process.memoryUsage().rss, peers: node.services.gossip.peers.length })
})
process.on('disconnect', () => process.exit())
process.send?.({ address: node.getMultiaddrs()[0]!.toString() })
