import { createHash } from 'node:crypto'
import { Sha256 } from '@hearsay/protocol-core/pure'
import { expect, it } from 'vitest'

it('hashes messages of any length as everybody does, one after the other', () => {
  const message = Uint8Array.from({ length: 300 }, (_, i) => (i * 89 + 7) & 0xff)
  const wrong = Array.from({ length: message.byteLength + 1 }, (_, length) => message.subarray(0, length)).filter(
    (bytes) => Buffer.from(Sha256.digest(bytes)).toString('hex') !== createHash('sha256').update(bytes).digest('hex')
  )
  expect(wrong).toEqual([])
})
