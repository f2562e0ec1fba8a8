import { RsaPrivateOperations, RsaPublicOperations } from '#rsa-operations'
import { publicOf, unwrapPkcs8, unwrapPrivatePem, unwrapPublicPem, unwrapSpki } from './pkcs.ts'
import { generatePkcs8 } from './rsa-webcrypto.ts'
import type { RsaLimits } from './pkcs.ts'

/** An RSA public key, parsed once. Its byte arrays are shared and must not be changed. */
export class RsaPublicKey extends RsaPublicOperations {
  /**
   * @param der - SubjectPublicKeyInfo, copied
   * @throws {InvalidKeyError} like the other two: on bytes that are not exactly one key, each in its only DER encoding,
   * or a key beyond the limits
   * @throws {InvalidParametersError} on limits out of range
   */
  static fromSpki(der: Uint8Array, limits?: RsaLimits): RsaPublicKey {
    return RsaPublicKey.fromPkcs1(unwrapSpki(der), limits)
  }

  /** @param der - RSAPublicKey, copied */
  static fromPkcs1(der: Uint8Array, limits?: RsaLimits): RsaPublicKey {
    return new RsaPublicKey(der, limits)
  }

  /** @param text - `RSA PUBLIC KEY` (PKCS#1) or `PUBLIC KEY` (SubjectPublicKeyInfo) */
  static fromPem(text: string, limits?: RsaLimits): RsaPublicKey {
    return RsaPublicKey.fromPkcs1(unwrapPublicPem(text), limits)
  }
}

/** An RSA private key, parsed once. Its byte arrays are secret, shared and must not be changed. */
export class RsaPrivateKey extends RsaPrivateOperations {
  readonly publicKey: RsaPublicKey

  private constructor(pkcs1: Uint8Array, publicKey: RsaPublicKey) {
    super(pkcs1)
    this.publicKey = publicKey
  }

  /**
   * @param der - RSAPrivateKey of two primes, copied
   * @throws {InvalidKeyError} like the other two: on bytes that are not exactly one key, each in its only DER encoding,
   * a key beyond the limits, or numbers that do not belong together
   * @throws {InvalidParametersError} on limits out of range
   */
  static fromPkcs1(der: Uint8Array, limits?: RsaLimits): RsaPrivateKey {
    return new RsaPrivateKey(der, RsaPublicKey.fromPkcs1(publicOf(der), limits))
  }

  /** @param der - PrivateKeyInfo without attributes, copied */
  static fromPkcs8(der: Uint8Array, limits?: RsaLimits): RsaPrivateKey {
    return RsaPrivateKey.fromPkcs1(unwrapPkcs8(der), limits)
  }

  /** @param text - `RSA PRIVATE KEY` (PKCS#1) or `PRIVATE KEY` (PKCS#8), without a password */
  static fromPem(text: string, limits?: RsaLimits): RsaPrivateKey {
    return RsaPrivateKey.fromPkcs1(unwrapPrivatePem(text), limits)
  }
}

/**
 * A new key with public exponent 65,537. Takes 0.1 s for 2,048 bits, seconds for 4,096, on the thread pool.
 *
 * @param bits - a multiple of 128, 2,048–4,096
 * @throws {InvalidParametersError} on other sizes
 */
export async function generateRsaKey(bits: number): Promise<RsaPrivateKey> {
  return RsaPrivateKey.fromPkcs8(await generatePkcs8(bits))
}
