/** A program of its own, so that its memory is nobody else's: one node. It tells its address, and its memory when asked. */
import { shout } from '@hearsay/protocol-shout'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { createVictim, memory, tell } from '../../protocol-core/test/shared/victim.ts'

const node = await createVictim({
  transports: [tcp()],
  services: {
    identify: identify(),
    shout: shout({ handshakeTimeout: Number(process.argv[2]), maxInbound: 256, listed: false })
  }
})

tell(node, async () => ({ rss: await memory(), peers: node.services.shout.peers.length }))
