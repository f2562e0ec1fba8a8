/**
 * What RSA keys do, through WebCrypto: the twin of `rsa-operations.ts` for browsers, with the same exports.
 */
import { RsaPrivateEncodings, RsaPublicEncodings } from './pkcs.ts'
import { CryptoKeys } from './rsa-webcrypto.ts'
import { digest } from './sha256.ts'
import type { RsaScheme } from './rsa-webcrypto.ts'

/** @see RsaPublicOperations in rsa-operations.ts, which documents both */
export class RsaPublicOperations extends RsaPublicEncodings {
  private hash: Uint8Array | undefined
  private readonly keys = new CryptoKeys((algorithm, usage) =>
    crypto.subtle.importKey('spki', this.spki as Uint8Array<ArrayBuffer>, algorithm, false, [usage])
  )

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

/** @see RsaPrivateOperations in rsa-operations.ts, which documents both */
export class RsaPrivateOperations extends RsaPrivateEncodings {
  private readonly keys = new CryptoKeys((algorithm, usage) =>
    crypto.subtle.importKey('pkcs8', this.pkcs8 as Uint8Array<ArrayBuffer>, algorithm, false, [usage])
  )

  sign(data: Uint8Array, scheme: RsaScheme): Promise<Uint8Array> {
    return this.keys.sign(data, scheme)
  }

  decrypt(data: Uint8Array): Promise<Uint8Array> {
    return this.keys.decrypt(data)
  }
}
