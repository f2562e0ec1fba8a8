import { seededRandom } from '@hearsay/protocol-core/pure'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AnnounceDigest } from '../src/digest.ts'

const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i)
const hex = (words: Uint32Array): string => Buffer.from(words.buffer).toString('hex')

describe('the digest of an announce', () => {
  // made by `openssl mac -macopt hexkey:000102…0f -macopt size:16 SipHash` over the bytes 00, 01, 02, …
  it.each([
    [0, 'a3817f04ba25a8e66df67214c7550293'],
    [15, '5493e99933b0a8117e08ec0f97cfc3d9'],
    [63, '5150d1772f50834a503e069a973fbd7c']
  ])('is SipHash-2-4-128, as of %i bytes', (length, expected) => {
    const key = new Int32Array(counting(16).buffer)
    expect(hex(new AnnounceDigest(key).ofBytes(counting(length)))).toBe(expected)
  })

  it('differs when anything differs', () => {
    const digest = AnnounceDigest.create(seededRandom(1))
    const announce = fc.tuple(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.integer({ min: 0, max: 0xffff }),
      fc.uint8Array({ maxLength: 40 })
    )

    fc.assert(
      fc.property(announce, announce, ([id1, type1, data1], [id2, type2, data2]) => {
        const same = id1 === id2 && type1 === type2 && Buffer.compare(data1, data2) === 0
        expect(hex(digest.of(id1, type1, data1)) === hex(digest.of(id2, type2, data2))).toBe(same)
      })
    )
  })

  it('tells data apart that differs only in zeros at its end', () => {
    const digest = AnnounceDigest.create(seededRandom(1))
    const all = Array.from({ length: 20 }, (_, length) => hex(digest.of(1n, 1, new Uint8Array(length))))
    expect(new Set(all).size).toBe(20)
  })

  it('depends on a key that is drawn at random', () => {
    const of = (seed: number): string => hex(AnnounceDigest.create(seededRandom(seed)).of(1n, 1, counting(3)))
    expect(of(1)).toBe(of(1))
    expect(of(1)).not.toBe(of(2))
  })
})
