import { gossip } from '@hearsay/protocol-gossip'
import { identify } from '@libp2p/identify'
import { webSockets } from '@libp2p/websockets'
import { expect, inject, it } from 'vitest'
import { createPage } from '../../protocol-core/test/shared/browser-hosts.ts'
import { DIFFICULTY_BITS, ECHO_TYPE } from './echo.ts'
import type { GossipMessage } from '@hearsay/protocol-gossip'

it('a page proves its work to a Node.js host, and gossips with it', async () => {
  const node = await createPage({
    transports: [webSockets()],
    services: {
      identify: identify(),
      gossip: gossip({ difficultyBits: DIFFICULTY_BITS, knownPeers: [inject('gossipPeer')] })
    }
  })

  try {
    const service = node.services.gossip
    service.subscribe(ECHO_TYPE + 1, () => true)
    const echo = new Promise<GossipMessage>((resolve) => {
      service.addEventListener('message', ({ detail }) => resolve(detail), { once: true })
    })
    const data = new TextEncoder().encode(`psst ${crypto.randomUUID()}`)
    service.announce(ECHO_TYPE, data)
    expect((await echo).data).toEqual(data)
    expect(service.peers).toMatchObject([{ direction: 'outbound' }])
  } finally {
    await node.stop()
  }
}, 20_000)
