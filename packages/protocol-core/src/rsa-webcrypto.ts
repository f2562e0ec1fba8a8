/**
 * What both twins of `#rsa-operations` do through WebCrypto.
 *
 * @see RFC 8017 §7.1 (OAEP), §8.1 (PSS), §8.2 (PKCS1-v1_5)
 */
import { checkRange } from './config.ts'
import { DecodeError, InvalidParametersError } from './errors.ts'

/** RSASSA-PKCS1-v1_5 with SHA-256, or RSASSA-PSS with SHA-256, MGF1-SHA-256 and a salt of exactly 32 bytes */
export type RsaScheme = 'PKCS1-v1_5' | 'PSS'

export type KeyUsage = 'sign' | 'verify' | 'encrypt' | 'decrypt'

export const HASH = 'SHA-256'
export const SALT_BYTES = 32

/** Two digests and two bytes: RFC 8017 §7.1.1 */
const OAEP_OVERHEAD_BYTES = 66

const OAEP = { name: 'RSA-OAEP' }

/** What generateRsaKey() makes: the sizes imported by default */
const BITS_RANGE = [2_048, 4_096] as const
/** BoringSSL rounds other sizes down */
const BITS_STEP = 128

/** WebCrypto refuses shared memory, which nobody gives it here */
type Bytes = Uint8Array<ArrayBuffer>
type ImportKey = (algorithm: RsaHashedImportParams, usage: KeyUsage) => CryptoKey | Promise<CryptoKey>

/** The CryptoKeys of one RSA key, made when first used: WebCrypto ties each to one algorithm and usage. */
export class CryptoKeys {
  private readonly importKey: ImportKey
  /** BOUNDED by the three algorithms */
  private readonly imported = new Map<string, CryptoKey | Promise<CryptoKey>>()

  constructor(importKey: ImportKey) {
    this.importKey = importKey
  }

  async sign(data: Uint8Array, scheme: RsaScheme): Promise<Uint8Array> {
    const algorithm = signatureAlgorithm(scheme)
    const key = await this.get(algorithm.name, 'sign')
    return new Uint8Array(await crypto.subtle.sign(algorithm, key, data as Bytes))
  }

  async verify(data: Uint8Array, signature: Uint8Array, scheme: RsaScheme): Promise<boolean> {
    const algorithm = signatureAlgorithm(scheme)
    const key = await this.get(algorithm.name, 'verify')
    return crypto.subtle.verify(algorithm, key, signature as Bytes, data as Bytes)
  }

  /** @param modulusBytes - with `data`, for the error when that is too long */
  async encrypt(data: Uint8Array, modulusBytes: number): Promise<Uint8Array> {
    const maxBytes = modulusBytes - OAEP_OVERHEAD_BYTES

    if (data.byteLength > maxBytes) {
      throw new InvalidParametersError('data', `must be at most ${maxBytes} bytes, and is ${data.byteLength}`)
    }

    const key = await this.get(OAEP.name, 'encrypt')
    return new Uint8Array(await crypto.subtle.encrypt(OAEP, key, data as Bytes))
  }

  async decrypt(data: Uint8Array): Promise<Uint8Array> {
    const key = await this.get(OAEP.name, 'decrypt')

    try {
      return new Uint8Array(await crypto.subtle.decrypt(OAEP, key, data as Bytes))
    } catch {
      // one error for all reasons: which check failed would help to decrypt (Manger 2001)
      throw new DecodeError('not encrypted to this key')
    }
  }

  private get(name: string, usage: KeyUsage): CryptoKey | Promise<CryptoKey> {
    const key = this.imported.get(name) ?? this.importKey({ name, hash: HASH }, usage)
    this.imported.set(name, key)
    return key
  }
}

/** @throws {InvalidParametersError} on any other scheme, as none is the default */
export function signatureAlgorithm(scheme: RsaScheme): Algorithm | RsaPssParams {
  switch (scheme) {
    case 'PKCS1-v1_5':
      return { name: 'RSASSA-PKCS1-v1_5' }
    case 'PSS':
      return { name: 'RSA-PSS', saltLength: SALT_BYTES }
    default:
      throw new InvalidParametersError('scheme', 'must be PKCS1-v1_5 or PSS')
  }
}

/** @returns DER PrivateKeyInfo of a new key with public exponent 65,537 */
export async function generatePkcs8(bits: number): Promise<Uint8Array> {
  checkRange('bits', bits, BITS_RANGE)

  if (bits % BITS_STEP !== 0) {
    throw new InvalidParametersError('bits', `must be a multiple of ${BITS_STEP}, and is ${bits}`)
  }

  const algorithm = { name: 'RSA-PSS', hash: HASH, modulusLength: bits, publicExponent: Uint8Array.of(1, 0, 1) }
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  return new Uint8Array(await crypto.subtle.exportKey('pkcs8', privateKey))
}
