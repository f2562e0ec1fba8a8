import { describe, expect, expectTypeOf, it } from 'vitest'
import { RsaPublicKey } from '#rsa'
import vectors from '../../../interop/vectors/originals/rsa.json' with { type: 'json' }
import { rsaSuite } from './rsa-suite.ts'
import type * as browser from '../src/rsa.browser.ts'
import type * as node from '../src/rsa.ts'

/** What a class shows to others, without its private members */
type Shape<T> = Pick<T, keyof T>
type PrivateShape<T extends { publicKey: object }> = Omit<Shape<T>, 'publicKey'> & { publicKey: Shape<T['publicKey']> }

describe('RSA on WebCrypto', () => {
  rsaSuite()

  it('has the exports of its twin', () => {
    expectTypeOf<Shape<browser.RsaPublicKey>>().toEqualTypeOf<Shape<node.RsaPublicKey>>()
    expectTypeOf<PrivateShape<browser.RsaPrivateKey>>().toEqualTypeOf<PrivateShape<node.RsaPrivateKey>>()
    expectTypeOf<keyof typeof browser>().toEqualTypeOf<keyof typeof node>()
    expectTypeOf<keyof typeof browser.RsaPublicKey>().toEqualTypeOf<keyof typeof node.RsaPublicKey>()
    expectTypeOf<keyof typeof browser.RsaPrivateKey>().toEqualTypeOf<keyof typeof node.RsaPrivateKey>()
  })

  it('has the fingerprint that WebCrypto computes', async () => {
    const { spki, fingerprint } = RsaPublicKey.fromPem(vectors.keys.k2048a.publicPem)
    const digest = await crypto.subtle.digest('SHA-256', spki as Uint8Array<ArrayBuffer>)
    expect(fingerprint).toEqual(new Uint8Array(digest))
  })
})
