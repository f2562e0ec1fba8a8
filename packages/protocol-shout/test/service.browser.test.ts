import { shout } from '@hearsay/protocol-shout'
import { identify } from '@libp2p/identify'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, inject, it } from 'vitest'
import { createPage } from '../../protocol-core/test/shared/browser-hosts.ts'
import type { ShoutMessage } from '@hearsay/protocol-shout'

it('a page shouts to a Node.js host, is whispered to, and stores a value', async () => {
  const node = await createPage({
    transports: [webSockets()],
    services: { identify: identify(), shout: shout({ listed: false }) }
  })

  try {
    const service = node.services.shout
    const whispered = new Promise<ShoutMessage>((resolve) => {
      service.addEventListener('whisper', ({ detail }) => resolve(detail), { once: true })
    })
    const met = new Promise((resolve) => service.addEventListener('peer', resolve, { once: true }))
    await node.dial(multiaddr(inject('shoutPeer')))
    await met
    // large enough to be compressed, which a page does with its own streams
    const value = { text: `psst ${crypto.randomUUID()} `.repeat(200), n: 2n ** 63n }
    expect(await service.shout(value)).toMatchObject({ peers: 1 })
    expect((await whispered).value).toEqual(value)
    expect(await service.store('key of a page', value)).toMatchObject({ copies: 2, asked: 2 })
    expect(await service.findValue('key of a page')).toMatchObject({ value, owner: service.publicKey })
  } finally {
    await node.stop()
  }
}, 30_000)
