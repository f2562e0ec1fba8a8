/**
 * RSA keys in the encodings the world exchanges them in. One key has exactly one DER of each kind here, so that bytes
 * can stand for keys: in tables, fingerprints and comparisons.
 *
 * @see RFC 8017 appendix A.1 (PKCS#1), RFC 5958 §2 (PKCS#8), RFC 5280 §4.1 (SubjectPublicKeyInfo)
 */
import { withDefaults } from './config.ts'
import {
  BIT_STRING,
  derElement,
  derInteger,
  DerReader,
  NULL,
  OBJECT_IDENTIFIER,
  OCTET_STRING,
  SEQUENCE
} from './der.ts'
import { InvalidKeyError } from './errors.ts'
import { decodePem, encodePem } from './pem.ts'
import { toHex } from './text.ts'

/** Which keys are taken. The cost of a verification grows with the square of the modulus, and a stranger chooses it. */
export interface RsaLimits {
  /** Shortest modulus, 1,024–16,384. @default 2_048 */
  minBits?: number | undefined
  /** Longest modulus, 1,024–16,384. @default 4_096 */
  maxBits?: number | undefined
  /** Take any odd public exponent from 3 to 2^32 − 1, not only 65,537. @default false */
  anyExponent?: boolean | undefined
}

const DEFAULT_LIMITS = { minBits: 2_048, maxBits: 4_096, anyExponent: false }

/** Below 1,024 bits anybody can factor it, and below 528 OAEP has no room; OpenSSL and WebCrypto end at 16,384 */
const BITS_RANGE = [1_024, 16_384] as const

/** Fermat number F4, which everyone uses */
const COMMON_EXPONENT = 65_537

/** AlgorithmIdentifier { rsaEncryption (1.2.840.113549.1.1.1), NULL } */
const RSA_ENCRYPTION = derElement(
  SEQUENCE,
  derElement(OBJECT_IDENTIFIER, Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01)),
  derElement(NULL)
)

/** In PKCS#1: of two primes. In PKCS#8: without the public key */
const VERSION_0 = derInteger(Uint8Array.of(0))

/**
 * A public key in its encodings: what both twins of `#rsa-operations` have in common. Byte arrays are shared, not to be
 * changed.
 */
export class RsaPublicEncodings {
  /** Length of the modulus */
  readonly bits: number
  /** Public exponent */
  readonly e: number
  /** DER RSAPublicKey */
  readonly pkcs1: Uint8Array
  /** DER SubjectPublicKeyInfo */
  readonly spki: Uint8Array

  /** @throws {InvalidKeyError} when `pkcs1` is no RSAPublicKey within the limits */
  protected constructor(pkcs1: Uint8Array, limits: RsaLimits = {}) {
    const [modulus, exponent] = readPublicKey(pkcs1)
    this.bits = bitLength(modulus)
    this.e = checkPublicKey(modulus, exponent, limits)
    // not slice(), which of a Buffer is no copy
    this.pkcs1 = new Uint8Array(pkcs1)
    this.spki = derElement(SEQUENCE, RSA_ENCRYPTION, derElement(BIT_STRING, Uint8Array.of(0), pkcs1))
  }

  /** Modulus */
  get n(): bigint {
    return toBigInt(readPublicKey(this.pkcs1)[0])
  }

  get pkcs1Pem(): string {
    return encodePem('RSA PUBLIC KEY', this.pkcs1)
  }

  get spkiPem(): string {
    return encodePem('PUBLIC KEY', this.spki)
  }
}

/** A private key in its encodings, under `#` so that neither a log nor an inspector shows them. */
export class RsaPrivateEncodings {
  readonly #pkcs1: Uint8Array

  /** @throws {InvalidKeyError} when `pkcs1` is no RSAPrivateKey, or its numbers are not those of one key */
  protected constructor(pkcs1: Uint8Array) {
    checkPrivateKey(readPrivateKey(pkcs1).map(toBigInt))
    this.#pkcs1 = new Uint8Array(pkcs1)
  }

  /** DER RSAPrivateKey. Secret, shared, not to be changed */
  get pkcs1(): Uint8Array {
    return this.#pkcs1
  }

  /** DER PrivateKeyInfo. Secret */
  get pkcs8(): Uint8Array {
    return derElement(SEQUENCE, VERSION_0, RSA_ENCRYPTION, derElement(OCTET_STRING, this.#pkcs1))
  }

  get pkcs1Pem(): string {
    return encodePem('RSA PRIVATE KEY', this.#pkcs1)
  }

  get pkcs8Pem(): string {
    return encodePem('PRIVATE KEY', this.pkcs8)
  }
}

/** The RSAPublicKey within a SubjectPublicKeyInfo, not checked itself. @throws {InvalidKeyError} */
export function unwrapSpki(der: Uint8Array): Uint8Array {
  const info = DerReader.sequence(der)
  info.constant(RSA_ENCRYPTION, 'public key is not rsaEncryption with NULL parameters')
  const bits = info.element(BIT_STRING)
  info.end()

  if (bits[0] !== 0) {
    throw new InvalidKeyError('public key is not a whole number of bytes')
  }

  return bits.subarray(1)
}

/** The RSAPrivateKey within a PrivateKeyInfo, not checked itself. @throws {InvalidKeyError} */
export function unwrapPkcs8(der: Uint8Array): Uint8Array {
  const info = DerReader.sequence(der)
  info.constant(VERSION_0, 'PKCS#8 version is not 0')
  info.constant(RSA_ENCRYPTION, 'private key is not rsaEncryption with NULL parameters')
  const key = info.element(OCTET_STRING)
  info.end()
  return key
}

/** The RSAPublicKey within the PEM text of either kind. @throws {InvalidKeyError} */
export function unwrapPublicPem(text: string): Uint8Array {
  const { label, der } = decodePem(text)

  switch (label) {
    case 'RSA PUBLIC KEY':
      return der
    case 'PUBLIC KEY':
      return unwrapSpki(der)
    default:
      throw new InvalidKeyError('PEM is neither an RSA PUBLIC KEY nor a PUBLIC KEY')
  }
}

/** The RSAPrivateKey within the PEM text of either kind. @throws {InvalidKeyError} */
export function unwrapPrivatePem(text: string): Uint8Array {
  const { label, der } = decodePem(text)

  switch (label) {
    case 'RSA PRIVATE KEY':
      return der
    case 'PRIVATE KEY':
      return unwrapPkcs8(der)
    default:
      throw new InvalidKeyError('PEM is neither an RSA PRIVATE KEY nor a PRIVATE KEY without a password')
  }
}

/** The RSAPublicKey that belongs to an RSAPrivateKey. @throws {InvalidKeyError} */
export function publicOf(pkcs1: Uint8Array): Uint8Array {
  const [n, e] = readPrivateKey(pkcs1)
  return derElement(SEQUENCE, derInteger(n!), derInteger(e!))
}

function readPublicKey(pkcs1: Uint8Array): [modulus: Uint8Array, exponent: Uint8Array] {
  const key = DerReader.sequence(pkcs1)
  const [modulus, exponent] = [key.integer(), key.integer()]
  key.end()
  return [modulus, exponent]
}

/** @returns n, e, d, p, q, d mod (p − 1), d mod (q − 1), q⁻¹ mod p */
function readPrivateKey(pkcs1: Uint8Array): Uint8Array[] {
  const key = DerReader.sequence(pkcs1)
  key.constant(VERSION_0, 'PKCS#1 version is not 0, a key of two primes')
  const numbers = Array.from({ length: 8 }, () => key.integer())
  key.end()
  return numbers
}

/** On bytes, as a big number costs time an attacker could choose. @returns the exponent */
function checkPublicKey(modulus: Uint8Array, exponent: Uint8Array, limits: RsaLimits): number {
  const { minBits, maxBits, anyExponent } = withDefaults(DEFAULT_LIMITS, limits, {
    minBits: BITS_RANGE,
    maxBits: BITS_RANGE
  })
  const bits = bitLength(modulus)
  const e = exponent.byteLength > 4 ? Infinity : Number(toBigInt(exponent))

  if (bits < minBits || bits > maxBits) {
    throw new InvalidKeyError(`modulus of ${bits} bits, ${minBits} to ${maxBits} are allowed`)
  } else if (modulus.at(-1)! % 2 === 0) {
    throw new InvalidKeyError('modulus is even')
  } else if (anyExponent ? e < 3 || e >= 2 ** 32 || e % 2 === 0 : e !== COMMON_EXPONENT) {
    throw new InvalidKeyError(`public exponent must be ${anyExponent ? 'odd, 3 to 2^32 - 1' : COMMON_EXPONENT}`)
  }

  return e
}

/** OpenSSL computes with whatever it is given, BoringSSL refuses: so both twins refuse here, with the same words. */
function checkPrivateKey(numbers: bigint[]): void {
  const [n, e, d, p, q, dP, dQ, qInv] = numbers as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint]

  if (p <= 1n || q <= 1n || p * q !== n) {
    throw new InvalidKeyError('modulus of the private key is not the product of its primes')
  } else if (d >= n || (d * e) % (p - 1n) !== 1n || (d * e) % (q - 1n) !== 1n) {
    throw new InvalidKeyError('private exponent does not belong to the public exponent')
  } else if (dP !== d % (p - 1n) || dQ !== d % (q - 1n) || qInv >= p || (q * qInv) % p !== 1n) {
    throw new InvalidKeyError('CRT values of the private key do not belong to it')
  }
}

function bitLength(magnitude: Uint8Array): number {
  return magnitude.byteLength * 8 - Math.clz32(magnitude[0]!) + 24
}

function toBigInt(magnitude: Uint8Array): bigint {
  return BigInt(`0x${toHex(magnitude)}`)
}
