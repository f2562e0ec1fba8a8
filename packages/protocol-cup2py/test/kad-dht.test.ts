import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { cup2py, dhtRules, generateUser } from '@hearsay/protocol-cup2py'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { memory } from '@libp2p/memory'
import { ping } from '@libp2p/ping'
import { createLibp2p } from 'libp2p'
import { expect, it, vi } from 'vitest'
import type { Cup2py } from '@hearsay/protocol-cup2py'

const PATIENCE = 120_000

async function createNode(index: number) {
  const { validate, select } = dhtRules()
  return createLibp2p({
    addresses: { listen: [`/memory/cup2py-dht-${index}`] },
    transports: [memory()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({
        protocol: '/hearsay/test-kad/1.0.0',
        clientMode: false,
        peerInfoMapper: passthroughMapper,
        initialQuerySelfInterval: 50,
        validators: { cup2py: validate },
        selectors: { cup2py: select }
      }),
      cup2py: cup2py({ key: await generateUser(), republish: false, dht: true, dhtTimeout: 20_000, quietTime: 50 })
    }
  })
}

it(
  'a record published into a kad-dht is found there by somebody with an empty book',
  async () => {
    const nodes = await Promise.all([0, 1, 2].map(createNode))
    const [a, b, c] = nodes as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]]

    try {
      await a.dial(b.getMultiaddrs())
      await b.dial(c.getMultiaddrs())
      const [publisher, searcher]: [Cup2py, Cup2py] = [a.services.cup2py, c.services.cup2py]
      await vi.waitFor(
        async () => {
          const { record } = await publisher.publish()
          expect(await searcher.search(record.hash)).toEqual({
            record,
            cost: { messages: 0, peersAsked: 0, answers: 0 }
          })
        },
        { timeout: PATIENCE / 2, interval: 500 }
      )
    } finally {
      await Promise.all(nodes.map(async (node) => node.stop()))
    }
  },
  PATIENCE
)
