import { cup2py, generateUser } from '@hearsay/protocol-cup2py'
import { identify } from '@libp2p/identify'
import { createLibp2p } from 'libp2p'
import { expectTypeOf, it } from 'vitest'
import type { Cup2py, cup2pyDefaults, Cup2pyInit, UserRecord } from '@hearsay/protocol-cup2py'

it('drops into createLibp2p', async () => {
  const key = await generateUser()
  const node = await createLibp2p({ services: { identify: identify(), cup2py: cup2py({ key }) } })
  expectTypeOf(node.services.cup2py).toEqualTypeOf<Cup2py>()
  node.services.cup2py.addEventListener('record', ({ detail }) => {
    expectTypeOf(detail).toEqualTypeOf<UserRecord>()
  })
})

it('has a default for every option but the objects, and an option for every default', () => {
  expectTypeOf<keyof typeof cup2pyDefaults | 'key' | 'addressBook' | 'dht'>().toEqualTypeOf<keyof Cup2pyInit>()
})

it('knows its options', async () => {
  const key = await generateUser()
  expectTypeOf(cup2py).toBeCallableWith({ key, fanout: undefined })
  // @ts-expect-error it needs a key
  cup2py({})
  // @ts-expect-error no such option
  cup2py({ key, fanouts: 4 })
  // @ts-expect-error a number
  cup2py({ key, fanout: '4' })
})
