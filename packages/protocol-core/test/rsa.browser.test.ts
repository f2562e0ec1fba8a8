import { RsaPublicKey } from '@hearsay/protocol-core'
import { describe, expect, expectTypeOf, it } from 'vitest'
import vectors from '../../../interop/vectors/originals/rsa.json' with { type: 'json' }
import { rsaSuite } from './rsa-suite.ts'
import type * as browser from '../src/rsa-operations.browser.ts'
import type * as node from '../src/rsa-operations.ts'

/** What a class shows to others, without its private members */
type Shape<T> = Pick<T, keyof T>

describe('RSA on WebCrypto', () => {
  rsaSuite()

  it('has the exports of its twin', () => {
    expectTypeOf<Shape<browser.RsaPublicOperations>>().toEqualTypeOf<Shape<node.RsaPublicOperations>>()
    expectTypeOf<Shape<browser.RsaPrivateOperations>>().toEqualTypeOf<Shape<node.RsaPrivateOperations>>()
    expectTypeOf<keyof typeof browser>().toEqualTypeOf<keyof typeof node>()
    expectTypeOf<keyof typeof browser.RsaPublicOperations>().toEqualTypeOf<keyof typeof node.RsaPublicOperations>()
    expectTypeOf<keyof typeof browser.RsaPrivateOperations>().toEqualTypeOf<keyof typeof node.RsaPrivateOperations>()
  })

  it('has the fingerprint that WebCrypto computes', async () => {
    const { spki, fingerprint } = RsaPublicKey.fromPem(vectors.keys.k2048a.publicPem)
    const digest = await crypto.subtle.digest('SHA-256', spki as Uint8Array<ArrayBuffer>)
    expect(fingerprint).toEqual(new Uint8Array(digest))
  })
})
