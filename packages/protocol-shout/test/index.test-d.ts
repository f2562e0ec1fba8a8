import { createLibp2p } from 'libp2p'
import { shout } from '@hearsay/protocol-shout'
import { identify } from '@libp2p/identify'
import { expectTypeOf, it } from 'vitest'
import type { Shout, shoutDefaults, ShoutHooks, ShoutInit, ShoutMessage } from '@hearsay/protocol-shout'

it('drops into createLibp2p', async () => {
  const node = await createLibp2p({ services: { identify: identify(), shout: shout() } })
  expectTypeOf(node.services.shout).toEqualTypeOf<Shout>()
  node.services.shout.addEventListener('whisper', ({ detail }) => {
    expectTypeOf(detail).toEqualTypeOf<ShoutMessage>()
  })
})

it('has a default for every option, and an option for every default', () => {
  expectTypeOf<keyof typeof shoutDefaults>().toEqualTypeOf<Exclude<keyof ShoutInit, keyof ShoutHooks>>()
})

it('knows its options', () => {
  expectTypeOf(shout).toBeCallableWith({ limit: undefined })
  // @ts-expect-error no such option
  shout({ limits: 4 })
  // @ts-expect-error a number
  shout({ limit: '4' })
})
