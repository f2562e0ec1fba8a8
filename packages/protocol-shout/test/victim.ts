/** A program of its own, so that its memory is nobody else's: one node. It tells its address, and its memory when asked. */
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { shout } from '@hearsay/protocol-shout'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'

const node = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: 100 },
  connectionMonitor: { enabled: false },
  services: {
    identify: identify(),
    shout: shout({ handshakeTimeout: Number(process.argv[2]), maxInbound: 256, listed: false })
  }
})

/** Memory that was given up is returned a while later: the least of some looks at it */
async function settledMemory(): Promise<number> {
  let least = Infinity

  for (let i = 0; i < 10; i++) {
    globalThis.gc?.()
    least = Math.min(least, process.memoryUsage.rss())
    await new Promise((resolve) => setTimeout(resolve, 50))
  }

  return least
}

process.on('message', () => {
  void settledMemory().then((rss) => process.send?.({ rss, peers: node.services.shout.peers.length }))
})
process.on('disconnect', () => process.exit())
process.send?.({ address: node.getMultiaddrs()[0]!.toString() })
