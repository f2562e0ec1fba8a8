import { createLibp2p } from 'libp2p'
import { gossip } from '@hearsay/protocol-gossip'
import { solve, solvePacket } from '@hearsay/protocol-gossip/pow'
import { identify } from '@libp2p/identify'
import { expectTypeOf, it } from 'vitest'
import type { AbortOptions } from '@libp2p/interface'
import type { Gossip, gossipDefaults, GossipInit, GossipMessage, GossipValidator } from '@hearsay/protocol-gossip'
import type * as Pow from '@hearsay/protocol-gossip/pow'

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

type Async<T> = { [K in keyof T]: T[K] extends (...args: never[]) => Promise<unknown> ? K : never }[keyof T]

it('can be told to stop whatever takes time', () => {
  // these are all there are, and each takes a signal
  expectTypeOf<Async<Gossip>>().toEqualTypeOf<never>()
  expectTypeOf<Async<typeof Pow>>().toEqualTypeOf<'solve' | 'solvePacket'>()

  expectTypeOf(solve).toBeCallableWith(1n, { difficultyBits: 1, ...({} as AbortOptions) })
  expectTypeOf(solvePacket).toBeCallableWith(new Uint8Array(20), { difficultyBits: 1, ...({} as AbortOptions) })
  expectTypeOf<Parameters<GossipValidator>[1]>().toEqualTypeOf<Required<AbortOptions>>()
})

it('knows its options', () => {
  expectTypeOf(gossip).toBeCallableWith({ degree: undefined })
  // @ts-expect-error no such option
  gossip({ degrees: 4 })
  // @ts-expect-error a number
  gossip({ degree: '4' })
})
