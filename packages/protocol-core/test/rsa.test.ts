import { createHash, getRandomValues } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { inspect } from 'node:util'
import { RsaPrivateKey, RsaPublicKey } from '@hearsay/protocol-core'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import vectors from '../../../interop/vectors/originals/rsa.json' with { type: 'json' }
import { rsaSuite } from './rsa-suite.ts'
import type * as internal from '../src/sha256.ts'

// internal, so not to be had by the package's name
const { digest: sha256 } = await vi.importActual<typeof internal>('../src/sha256.ts')

describe('RSA on node:crypto', () => {
  rsaSuite()

  it('keeps a copy of a Buffer, whose slice() is none', () => {
    const der = Buffer.from(vectors.keys.k2048a.pkcs1, 'base64')
    const key = RsaPublicKey.fromPkcs1(der)
    const again = RsaPublicKey.fromPkcs1(der)
    der.fill(0)
    expect(key.pkcs1Pem).toBe(vectors.keys.k2048a.publicPem)
    expect(again.pkcs1).toEqual(Uint8Array.from(key.pkcs1))
  })

  it('shows nothing secret to an inspector', async () => {
    const key = RsaPrivateKey.fromPem(vectors.keys.alice.pkcs8Pem)
    await key.sign(getRandomValues(new Uint8Array(8)), 'PSS')
    const shown = inspect(key, { depth: null, maxArrayLength: null, showHidden: true }).replaceAll(/\s/g, '')
    expect(shown).toContain('publicKey')
    expect(shown).toContain([...key.publicKey.pkcs1].join())
    expect(shown).not.toContain([...key.pkcs1.subarray(-20)].join())
  })

  it('verifies the first four of a turn in place, the others on the thread pool', async () => {
    const key = RsaPublicKey.fromSpki(Buffer.from(vectors.keys.alice.spki, 'base64'))
    const { data, signature } = vectors.signatures.find(({ key: name }) => name === 'alice')!
    const verify = (): boolean | Promise<boolean> =>
      key.verify(Buffer.from(data, 'base64'), Buffer.from(signature, 'base64'), 'PSS')

    await nextTurn()
    expect([verify(), verify(), verify(), verify()]).toEqual([true, true, true, true])
    const fifth = verify()
    expect(fifth).toBeInstanceOf(Promise)
    expect(await fifth).toBe(true)
    await nextTurn()
    expect(verify()).toBe(true)
  })
})

describe('sha256()', () => {
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1'
    ]
  ])('of %j, from the examples of FIPS 180-4', (text, digest) => {
    expect(Buffer.from(sha256(new TextEncoder().encode(text))).toString('hex')).toBe(digest)
  })

  it('agrees with OpenSSL at every length up to four blocks, and beyond', () => {
    const data = getRandomValues(new Uint8Array(256))

    for (let length = 0; length <= data.byteLength; length++) {
      const part = data.subarray(0, length)
      expect(sha256(part)).toEqual(new Uint8Array(createHash('sha256').update(part).digest()))
    }

    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000, size: 'max' }), (any) => {
        expect(sha256(any)).toEqual(new Uint8Array(createHash('sha256').update(any).digest()))
      })
    )
  })
})
