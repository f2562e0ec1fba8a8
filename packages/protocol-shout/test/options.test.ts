import { InvalidParametersError } from '@hearsay/protocol-core/pure'
import { shout } from '@hearsay/protocol-shout'
import { expect, it } from 'vitest'
import { keyAt } from './hosts.ts'
import type { ShoutInit } from '@hearsay/protocol-shout'

it.each<[string, ShoutInit]>([
  ['k', { k: 0 }],
  ['beta', { beta: 2_049 }],
  ['tau', { tau: 9 }],
  ['limit', { limit: 100, k: 1, tau: 8 }],
  ['description', { description: 'x'.repeat(1_025) }],
  ['compression', { compression: ['bz2'] }],
  ['compression', { compression: ['arithmetic' as never] }],
  ['nonsense', { nonsense: 1 } as never]
])('%s is refused out of range', (name, init) => {
  expect(() => shout(init)).toThrow(InvalidParametersError)
  expect(() => shout(init)).toThrow(name)
})

it('a key of another size is refused', async () => {
  const key = await keyAt(0)
  expect(() => shout({ key, beta: 3_072 })).toThrow(/key must have 3072 bits/)
  expect(() => shout({ key })).not.toThrow()
  expect(() => shout({ compression: ['bz2'], compressors: [[1, { decompress: (body) => body }]] })).not.toThrow()
})
