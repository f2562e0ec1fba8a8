import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossip } from '@hearsay/protocol-gossip'
import { identify } from '@libp2p/identify'
import { webSockets } from '@libp2p/websockets'
import { createLibp2p } from 'libp2p'
import { expect, inject, it } from 'vitest'

it('a page dials a reference node over WebSockets, and gossips with it', async () => {
  const page = await createLibp2p({
    addresses: { listen: [] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // the default gater refuses private addresses in a browser
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify(), gossip: gossip({ difficultyBits: 4, knownPeers: [inject('referenceNode')] }) }
  })

  try {
    const echo = Promise.withResolvers<Uint8Array>()
    page.services.gossip.subscribe(2, () => true)
    page.services.gossip.addEventListener('message', ({ detail }) => echo.resolve(detail.data))
    const data = new TextEncoder().encode(`psst ${crypto.randomUUID()}`)
    page.services.gossip.announce(1, data)
    expect(await echo.promise).toEqual(data)
  } finally {
    await page.stop()
  }
}, 20_000)
