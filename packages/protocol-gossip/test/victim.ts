/** A program of its own, so that its memory is nobody else's: one node. It tells its address, and its memory when asked. */
import { gossip } from '@hearsay/protocol-gossip'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { createVictim, memory, tell } from '../../protocol-core/test/shared/victim.ts'

const node = await createVictim({
  transports: [tcp()],
  connectionManager: { inboundUpgradeTimeout: 60_000, inboundStreamProtocolNegotiationTimeout: 60_000 },
  services: { identify: identify(), gossip: gossip({ challengeTimeout: Number(process.argv[2]) }) }
})

tell(node, async () => ({ rss: await memory(), peers: node.services.gossip.peers.length }))
