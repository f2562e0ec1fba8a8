import { createLibp2p } from 'libp2p'
import { gossip } from '@hearsay/protocol-gossip'
import { identify } from '@libp2p/identify'
import { expectTypeOf, it } from 'vitest'
import type { Gossip, gossipDefaults, GossipInit, GossipMessage } from '@hearsay/protocol-gossip'

it('drops into createLibp2p', async () => {
  const node = await createLibp2p({ services: { identify: identify(), gossip: gossip() } })
  expectTypeOf(node.services.gossip).toEqualTypeOf<Gossip>()
  node.services.gossip.addEventListener('message', ({ detail }) => {
    expectTypeOf(detail).toEqualTypeOf<GossipMessage>()
  })
})

it('has a default for every option, and an option for every default', () => {
  expectTypeOf<keyof typeof gossipDefaults>().toEqualTypeOf<keyof GossipInit>()
})

it('knows its options', () => {
  expectTypeOf(gossip).toBeCallableWith({ degree: undefined })
  // @ts-expect-error no such option
  gossip({ degrees: 4 })
  // @ts-expect-error a number
  gossip({ degree: '4' })
})
