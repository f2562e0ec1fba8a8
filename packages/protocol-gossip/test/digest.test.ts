import { seededRandom } from '@hearsay/protocol-core/pure'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { AnnounceDigest } from '../src/digest.ts'
import { plainSipHash } from '../src/sip-hash.ts'
import { wasmSipHash } from '../src/wasm-sip-hash.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i)
const hex = (words: Uint32Array): string => Buffer.from(words.slice().buffer).toString('hex')
const key = new Int32Array(counting(16).buffer)
const none = new Int32Array(0)

describe.each([
  ['plain', plainSipHash],
  ['WebAssembly', wasmSipHash]
])('the %s hash', (_name, sipHash) => {
  // made by `openssl mac -macopt hexkey:000102…0f -macopt size:16 SipHash` over the bytes 00, 01, 02, …
  it.each([
    [0, 'a3817f04ba25a8e66df67214c7550293'],
    [15, '5493e99933b0a8117e08ec0f97cfc3d9'],
    [63, '5150d1772f50834a503e069a973fbd7c']
  ])('is SipHash-2-4-128, as of %i bytes', (length, expected) => {
    expect(hex(sipHash(key)(none, counting(length)))).toBe(expected)
  })

  it('takes a header as the beginning of the message', () => {
    const [header, data] = [new Int32Array(counting(16).buffer), counting(63).subarray(16)]
    expect(hex(sipHash(key)(header, data))).toBe('5150d1772f50834a503e069a973fbd7c')
  })
})

it('both hashes are the same, whatever was hashed before, also of what does not fit the memory of one', () => {
  const [plain, wasm] = [plainSipHash(key), wasmSipHash(key)]
  const header = Int32Array.of(1, -2, 3, 0)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
      expect(hex(wasm(header, data))).toBe(hex(plain(header, data)))
    })
  )

  for (const length of [65_519, 65_535, 131_000, 131_072, 200_000]) {
    const data = new Uint8Array(length).fill(7)
    expect(hex(wasm(header, data))).toBe(hex(plain(header, data)))
  }
})

describe('the digest of an announce', () => {
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

  it('covers every bit of the id and of the data type, and every byte of the data', () => {
    const digest = AnnounceDigest.create(seededRandom(1))
    const data = counting(20)
    const all = new Set([hex(digest.of(0n, 0, data))])

    for (let bit = 0; bit < 64; bit++) {
      all.add(hex(digest.of(1n << BigInt(bit), 0, data)))
    }

    for (let bit = 0; bit < 16; bit++) {
      all.add(hex(digest.of(0n, 1 << bit, data)))
    }

    data.forEach((byte, i) => all.add(hex(digest.of(0n, 0, data.with(i, byte ^ 1)))))
    expect(all.size).toBe(1 + 64 + 16 + 20)
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
