import { DecodeError } from '@hearsay/protocol-core/pure'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromBase32, toBase32 } from '../../src/dht/rules/base32.ts'
import { ownedKey, parseRecordKey, plainKey } from '../../src/dht/rules/record-key.ts'
import { unseal } from '../../src/dht/rules/sealed.ts'
import { Owner, randomKey } from './owners.ts'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const parse = (key: string): unknown => parseRecordKey(new TextEncoder().encode(key))

describe('base32', () => {
  // RFC 4648 §10, in lower case and unpadded
  it.each([
    ['', ''],
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['foob', 'mzxw6yq'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi']
  ])('of %o is %o', (plain, encoded) => {
    expect(toBase32(new TextEncoder().encode(plain))).toBe(encoded)
    expect(text(fromBase32(encoded)!)).toBe(plain)
  })

  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromBase32(toBase32(bytes))).toEqual(Uint8Array.from(bytes))
      })
    )
  })

  it.each(['MY', 'my======', 'mz', 'm', '1y', 'm y', 'mé'])('is not %o', (encoded) => {
    expect(fromBase32(encoded)).toBeUndefined()
  })
})

describe('a record key', () => {
  const key = new Uint8Array(32).fill(1)
  const owner = new Uint8Array(32).fill(2)
  const [ones, twos] = [toBase32(key), toBase32(owner)]

  it('of a plain key is /hearsay/<key>', () => {
    expect(text(plainKey(key))).toBe(`/hearsay/${ones}`)
    expect(parseRecordKey(plainKey(key))).toEqual({ text: `/hearsay/${ones}`, key })
  })

  it('of an owned key is /hearsay-owned/<owner>/<key>', () => {
    expect(text(ownedKey(owner, key))).toBe(`/hearsay-owned/${twos}/${ones}`)
    expect(parseRecordKey(ownedKey(owner, key))).toEqual({ text: `/hearsay-owned/${twos}/${ones}`, key, owner })
  })

  it.each([
    '',
    '/',
    '/hearsay',
    '/hearsay/',
    '/hearsay/my',
    `hearsay/${ones}`,
    `x/hearsay/${ones}`,
    `/hearsay/${ones}/`,
    `/hearsay/${ones}/${ones}`,
    `/hearsay/${ones.toUpperCase()}`,
    `/hearsay/${ones}a`,
    `/pk/${ones}`,
    `/hearsay-owned/${ones}`,
    `/hearsay-owned/${twos}/`,
    `/hearsay-owned/${twos}/${ones}/`,
    `/hearsay-owned/${twos}/my`,
    `/hearsay-owned/my/${ones}`
  ])('is not %o', (wrong) => {
    expect(() => parse(wrong)).toThrow(DecodeError)
  })
})

describe('a record', () => {
  it('of an owned key has that owner', async () => {
    const [owner, other] = [await Owner.create(), await Owner.create()]
    const key = owner.ownedKey(randomKey())
    expect(await owner.sealed(key)).toMatchObject({ owner: Buffer.from(owner.publicKey).toString('hex') })
    await expect(other.sealed(key)).rejects.toThrow('the key belongs to another owner')
  })

  it('is told apart by the digest of its envelope', () => {
    const digests: Uint8Array[] = []
    const value = Buffer.from('0801 0801'.replaceAll(' ', ''), 'hex')
    expect(() => unseal(plainKey(randomKey()), value, (bytes) => String(digests.push(bytes)))).toThrow(DecodeError)
    expect(digests).toEqual([])
  })
})
