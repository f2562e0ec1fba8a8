/** A program of its own, so that its memory is nobody else's: one node. It tells its address, and its memory when asked. */
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { cup2py, generateUser, MemoryBook, signRecord, userHash } from '@hearsay/protocol-cup2py'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'

const addressBook = new MemoryBook()
const node = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: 100 },
  connectionMonitor: { enabled: false },
  services: {
    identify: identify(),
    cup2py: cup2py({
      key: await generateUser(),
      idleTime: Number(process.argv[2]),
      addressBook,
      republish: false,
      minModulusBits: 1_024
    })
  }
})

// a book to tell of: 64 users with long addresses
for (let i = 0; i < 64; i++) {
  const key = await generateUser({ bits: 1_024 })
  const date = `2024-01-01 00:00:00.${String(i + 1).padStart(6, '0')}`
  await node.services.cup2py.add(
    await signRecord(key, userHash(key.publicKey.pkcs1Pem), `/${'x'.repeat(900)}/p2p/12D3KooWA`, date)
  )
}

process.on('message', () => {
  globalThis.gc?.()
  const { closed, received } = node.services.cup2py.stats
  process.send?.({ rss: process.memoryUsage().rss, closed, received })
})
process.on('disconnect', () => process.exit())
process.send?.({ address: node.getMultiaddrs()[0]!.toString() })
