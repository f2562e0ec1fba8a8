/**
 * RSA through WebCrypto: the twin of `rsa.ts` for browsers, with the same exports.
 */
import {
  publicOf,
  RsaPrivateEncodings,
  RsaPublicEncodings,
  unwrapPkcs8,
  unwrapPrivatePem,
  unwrapPublicPem,
  unwrapSpki
} from './pkcs.ts'
import { CryptoKeys, generatePkcs8 } from './rsa-webcrypto.ts'
import { digest } from './sha256.ts'
import type { RsaLimits } from './pkcs.ts'
import type { RsaScheme } from './rsa-webcrypto.ts'

export type { RsaLimits } from './pkcs.ts'
export type { RsaScheme } from './rsa-webcrypto.ts'

/** @see RsaPublicKey in rsa.ts, which documents both */
export class RsaPublicKey extends RsaPublicEncodings {
  private hash: Uint8Array | undefined
  private readonly keys = new CryptoKeys((algorithm, usage) =>
    crypto.subtle.importKey('spki', this.spki as Uint8Array<ArrayBuffer>, algorithm, false, [usage])
  )

  static fromSpki(der: Uint8Array, limits?: RsaLimits): RsaPublicKey {
    return RsaPublicKey.fromPkcs1(unwrapSpki(der), limits)
  }

  static fromPkcs1(der: Uint8Array, limits?: RsaLimits): RsaPublicKey {
    return new RsaPublicKey(der, limits)
  }

  static fromPem(text: string, limits?: RsaLimits): RsaPublicKey {
    return RsaPublicKey.fromPkcs1(unwrapPublicPem(text), limits)
  }

  get fingerprint(): Uint8Array {
    return (this.hash ??= digest(this.spki))
  }

  verify(data: Uint8Array, signature: Uint8Array, scheme: RsaScheme): boolean | Promise<boolean> {
    return this.keys.verify(data, signature, scheme)
  }

  encrypt(data: Uint8Array): Promise<Uint8Array> {
    return this.keys.encrypt(data, Math.ceil(this.bits / 8))
  }
}

/** @see RsaPrivateKey in rsa.ts, which documents both */
export class RsaPrivateKey extends RsaPrivateEncodings {
  readonly publicKey: RsaPublicKey
  private readonly keys = new CryptoKeys((algorithm, usage) =>
    crypto.subtle.importKey('pkcs8', this.pkcs8 as Uint8Array<ArrayBuffer>, algorithm, false, [usage])
  )

  private constructor(pkcs1: Uint8Array, publicKey: RsaPublicKey) {
    super(pkcs1)
    this.publicKey = publicKey
  }

  static fromPkcs1(der: Uint8Array, limits?: RsaLimits): RsaPrivateKey {
    return new RsaPrivateKey(der, RsaPublicKey.fromPkcs1(publicOf(der), limits))
  }

  static fromPkcs8(der: Uint8Array, limits?: RsaLimits): RsaPrivateKey {
    return RsaPrivateKey.fromPkcs1(unwrapPkcs8(der), limits)
  }

  static fromPem(text: string, limits?: RsaLimits): RsaPrivateKey {
    return RsaPrivateKey.fromPkcs1(unwrapPrivatePem(text), limits)
  }

  sign(data: Uint8Array, scheme: RsaScheme): Promise<Uint8Array> {
    return this.keys.sign(data, scheme)
  }

  decrypt(data: Uint8Array): Promise<Uint8Array> {
    return this.keys.decrypt(data)
  }
}

export async function generateRsaKey(bits: number): Promise<RsaPrivateKey> {
  return RsaPrivateKey.fromPkcs8(await generatePkcs8(bits))
}
