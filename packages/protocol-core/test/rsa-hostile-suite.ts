/**
 * Bytes that are no keys, almost keys, and keys that contradict themselves.
 */
import { RsaPrivateKey, RsaPublicKey } from '@hearsay/protocol-core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import vectors from '../../../interop/vectors/originals/rsa.json' with { type: 'json' }
import { anyKey, bytes, hex, keys, modulusOf, privateKey, publicKey, tlv, withByte } from './rsa-vectors.ts'

/** By what they are about */
export const hostileTests: [string, () => void][] = [
  ['hostile bytes', hostileBytes],
  ['errors', errors],
  ['keys of hostile bytes', keysOfHostileBytes],
  ['canonical DER', canonicalDer],
  ['contradictory private keys', contradictions],
  ['other kinds of private keys', otherPrivateKeys]
]

type Import = (der: Uint8Array) => Uint8Array

/** Every DER of one key, with the import that takes it and gives back what it took */
function encodings(name: string): [string, Uint8Array, Import][] {
  const key = privateKey(name)
  return [
    ['SubjectPublicKeyInfo', key.publicKey.spki, (der) => RsaPublicKey.fromSpki(der, anyKey).spki],
    ['PKCS#1 public', key.publicKey.pkcs1, (der) => RsaPublicKey.fromPkcs1(der, anyKey).pkcs1],
    ['PKCS#1 private', key.pkcs1, (der) => RsaPrivateKey.fromPkcs1(der, anyKey).pkcs1],
    ['PKCS#8', key.pkcs8, (der) => RsaPrivateKey.fromPkcs8(der, anyKey).pkcs8]
  ]
}

/** All is well when it is refused, or taken as a key whose only encoding it is */
function outcome(der: Uint8Array, take: Import): string {
  try {
    return hex(take(der)) === hex(der) ? 'taken' : 'taken for something else'
  } catch (err) {
    return err instanceof Error ? err.name : 'thrown'
  }
}

function hostileBytes(): void {
  it.each(encodings('k2048a'))('%s: every truncation is refused', (_, der, take) => {
    for (let length = 0; length < der.byteLength; length++) {
      expect(outcome(der.subarray(0, length), take)).toBe('InvalidKeyError')
    }

    expect(outcome(bytes([...der, 0]), take)).toBe('InvalidKeyError')
  })

  it.each(encodings('k1024a'))('%s: every changed byte is refused, or makes another key', (what, der, take) => {
    const outcomes = new Set<string>()

    for (let at = 0; at < der.byteLength; at++) {
      for (const mask of [0x01, 0x20, 0x80, 0xff]) {
        outcomes.add(outcome(withByte(der, at, der[at]! ^ mask), take))
      }
    }

    // a public key is any odd modulus with any odd exponent; the numbers of a private key depend on each other
    const expected = /private|PKCS#8/.test(what) ? ['InvalidKeyError'] : ['InvalidKeyError', 'taken']
    expect([...outcomes].toSorted()).toEqual(expected)
  })

  it.each(encodings('k1024a'))('%s: any mutation is refused, or makes another key', (_, der, take) => {
    const edit = fc.tuple(fc.nat(der.byteLength), fc.nat(4), fc.uint8Array({ maxLength: 4 }))

    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const mutant = edits.reduce((now, [at, cut, put]) => now.toSpliced(at, cut, ...put), [...der])
        expect(['InvalidKeyError', 'taken']).toContain(outcome(bytes(mutant), take))
      }),
      { numRuns: 1_000 }
    )
  })
}

/** All there is to say about the bytes of a key */
const MESSAGES = [
  'DER has trailing bytes',
  'DER integer is empty, negative or not in its shortest form',
  'DER is truncated',
  'DER length is not in its shortest form, or over 65,535',
  'DER tag 0xNN expected',
  'PKCS#1 version is not 0, a key of two primes',
  'PKCS#8 version is not 0',
  'modulus is even',
  'modulus of N bits, 1024 to 4096 are allowed',
  'modulus of the private key is not the product of its primes',
  'private exponent does not belong to the public exponent',
  'private key is not rsaEncryption with NULL parameters',
  'CRT values of the private key do not belong to it',
  'public exponent must be odd, 3 to 2^32 - 1',
  'public key is not a whole number of bytes',
  'public key is not rsaEncryption with NULL parameters'
]

function errors(): void {
  it.each(encodings('k1024a'))('%s: quote nothing of the key, and have no cause that may', (_, der, take) => {
    for (let at = 0; at < der.byteLength; at++) {
      for (const mask of [0x02, 0x81]) {
        const { message = MESSAGES[0]!, cause } = errorOf(() => take(withByte(der, at, der[at]! ^ mask))) ?? {}
        const template = message.replace(/^modulus of \d+/, 'modulus of N').replace(/0x\d\d/, '0xNN')
        expect(MESSAGES).toContain(template)
        expect(cause).toBeUndefined()
      }
    }
  })

  it('of PEM quote nothing of it', () => {
    const error = errorOf(() => RsaPrivateKey.fromPem(privateKey('k2048a').pkcs1Pem.replace('AAKCAQ', 'AAK*AQ')))
    expect(error?.message).toBe('PEM holds something that is not base64')
    expect(error?.cause).toBeUndefined()
  })
}

function errorOf(run: () => unknown): Error | undefined {
  try {
    run()
    return undefined
  } catch (err) {
    return err as Error
  }
}

function keysOfHostileBytes(): void {
  it('verifies and encrypts with whatever it took', async () => {
    const der = publicKey('k1024a').spki
    const { data, signature } = vectors.signatures.find(({ key }) => key === 'k1024a')!
    const [[, , take]] = encodings('k1024a') as [[string, Uint8Array, Import]]
    const mutants = Array.from(der, (byte, at) => withByte(der, at, byte ^ 0x20)).filter(
      (mutant, at) => at % 3 === 0 && outcome(mutant, take) === 'taken'
    )
    expect(mutants.length).toBeGreaterThan(40)

    for (const mutant of mutants) {
      const key = RsaPublicKey.fromSpki(mutant, anyKey)
      expect(await key.verify(bytes(data), bytes(signature), 'PKCS1-v1_5')).toBe(false)
      expect(await key.encrypt(bytes(data).subarray(0, 8))).toHaveLength(Math.ceil(key.bits / 8))
    }
  })
}

const OID = tlv(6, [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01])
const ALGORITHM = tlv(0x30, OID, tlv(5))
const E = tlv(2, [1, 0, 1])

function canonicalDer(): void {
  const n = [0, ...modulusOf('k2048a')]
  const key = tlv(0x30, tlv(2, n), E)
  const spki = (algorithm: Uint8Array, pkcs1 = key): Uint8Array => tlv(0x30, algorithm, tlv(3, [0], pkcs1))
  const inner = (...parts: Uint8Array[]): Uint8Array => spki(ALGORITHM, tlv(0x30, ...parts))

  it('is what the other cases differ from', () => {
    expect(RsaPublicKey.fromSpki(spki(ALGORITHM)).pkcs1Pem).toBe(keys['k2048a']!.publicPem)
  })

  it.each<[string, Uint8Array, string]>([
    ['nothing', bytes([]), 'truncated'],
    ['the other kind of DER', key, 'rsaEncryption'],
    ['an algorithm without parameters', spki(tlv(0x30, OID)), 'rsaEncryption'],
    ['the algorithm of PSS keys', spki(tlv(0x30, tlv(6, [...OID.subarray(2, 10), 10]), tlv(5))), 'rsaEncryption'],
    ['a long form of the length of NULL', spki(tlv(0x30, OID, bytes([5, 0x81, 0]))), 'rsaEncryption'],
    ['a long form where the short one does', spki(bytes([0x30, 0x81, 13, ...ALGORITHM.subarray(2)])), 'rsaEncryption'],
    ['a length of two bytes where one does', inner(tlv(2, n), bytes([2, 0x81, 3, 1, 0, 1])), 'shortest form'],
    ['a length of three bytes', bytes([0x30, 0x83, 0, 1, 34, ...spki(ALGORITHM).subarray(4)]), 'shortest form'],
    ['an indefinite length', bytes([0x30, 0x80, ...spki(ALGORITHM).subarray(4), 0, 0]), 'shortest form'],
    ['spare bits', tlv(0x30, ALGORITHM, tlv(3, [1], key)), 'whole number of bytes'],
    ['a bit string without content', tlv(0x30, ALGORITHM, tlv(3)), 'whole number of bytes'],
    ['an octet string for a bit string', tlv(0x30, ALGORITHM, tlv(4, [0], key)), 'tag 0x03 expected'],
    ['two zeros before the modulus', inner(tlv(2, [0], n), E), 'shortest form'],
    ['a negative modulus', inner(tlv(2, n.slice(1)), E), 'negative'],
    ['a zero before the exponent', inner(tlv(2, n), tlv(2, [0, 1, 0, 1])), 'shortest form'],
    ['an empty exponent', inner(tlv(2, n), tlv(2)), 'empty'],
    ['a modulus of 0', inner(tlv(2, [0]), E), 'modulus of 0 bits'],
    ['a third number', inner(tlv(2, n), E, E), 'trailing'],
    ['one number', inner(tlv(2, n)), 'truncated'],
    ['a byte after the key', spki(ALGORITHM, bytes([...key, 0])), 'trailing'],
    ['an element after the bit string', tlv(0x30, ALGORITHM, tlv(3, [0], key), tlv(5)), 'trailing'],
    ['a byte at the end', bytes([...spki(ALGORITHM), 0]), 'trailing']
  ])('refuses %s', (_, der, message) => {
    expect(() => RsaPublicKey.fromSpki(der)).toThrow(
      expect.objectContaining({ name: 'InvalidKeyError', message: expect.stringContaining(message) })
    )
  })
}

/** The numbers n, e, d, p, q, d mod (p − 1), d mod (q − 1), q⁻¹ mod p of a PKCS#1 key */
function numbersOf(pkcs1: Uint8Array): bigint[] {
  const numbers = []

  for (let at = 7; at < pkcs1.byteLength;) {
    const header = pkcs1[at + 1]! < 0x80 ? 2 : pkcs1[at + 1] === 0x81 ? 3 : 4
    const length = header === 2 ? pkcs1[at + 1]! : header === 3 ? pkcs1[at + 2]! : pkcs1[at + 2]! * 256 + pkcs1[at + 3]!
    numbers.push(BigInt(`0x${hex(pkcs1.subarray(at + header, at + header + length))}`))
    at += header + length
  }

  return numbers
}

function toPkcs1(numbers: bigint[]): Uint8Array {
  const integers = numbers.map((number) => {
    const digits = number.toString(16)
    const content = (digits.length % 2 === 0 ? digits : `0${digits}`).match(/../g)!.map((byte) => Number(`0x${byte}`))
    return tlv(2, content[0]! >= 0x80 ? [0] : [], content)
  })
  return tlv(0x30, tlv(2, [0]), ...integers)
}

function contradictions(): void {
  const key = privateKey('k2048a')
  const good = numbersOf(key.pkcs1) as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint]
  const [n, e, d, p, q, dP, dQ, qInv] = good

  it('is what the other cases differ from', () => {
    expect(RsaPrivateKey.fromPkcs1(toPkcs1(good)).pkcs1).toEqual(key.pkcs1)
  })

  it.each<[string, bigint[], string]>([
    ['a modulus of other primes', [n + 2n, e, d, p, q, dP, dQ, qInv], 'product of its primes'],
    ['another prime', [n, e, d, p + 2n, q, dP, dQ, qInv], 'product of its primes'],
    ['the primes 1 and n', [n, e, d, 1n, n, dP, dQ, qInv], 'product of its primes'],
    ['the primes n and 1', [n, e, d, n, 1n, dP, dQ, qInv], 'product of its primes'],
    ['another private exponent', [n, e, d + 2n, p, q, dP, dQ, qInv], 'private exponent'],
    ['a private exponent right for q alone', [n, e, d + q - 1n, p, q, dP, dQ, qInv], 'private exponent'],
    ['a private exponent right for p alone', [n, e, d + p - 1n, p, q, dP, dQ, qInv], 'private exponent'],
    ['a private exponent over n', [n, e, d + (p - 1n) * (q - 1n) * 2n, p, q, dP, dQ, qInv], 'private exponent'],
    ['another exponent mod p - 1', [n, e, d, p, q, dP + p - 1n, dQ, qInv], 'CRT'],
    ['another exponent mod q - 1', [n, e, d, p, q, dP, dQ + q - 1n, qInv], 'CRT'],
    ['another inverse of q', [n, e, d, p, q, dP, dQ, qInv + p], 'CRT'],
    ['a wrong inverse of q', [n, e, d, p, q, dP, dQ, qInv - 1n], 'CRT'],
    ['primes that changed places', [n, e, d, q, p, dP, dQ, qInv], 'CRT']
  ])('refuses %s', (_, numbers, message) => {
    expect(() => RsaPrivateKey.fromPkcs1(toPkcs1(numbers))).toThrow(
      expect.objectContaining({ name: 'InvalidKeyError', message: expect.stringContaining(message) })
    )
  })
}

function otherPrivateKeys(): void {
  it('refuses other versions, more primes and attributes', () => {
    const { pkcs1 } = privateKey('k2048a')
    const multiPrime = tlv(0x30, tlv(2, [1]), pkcs1.subarray(7))
    const pkcs8 = (version: number, ...more: Uint8Array[]): Uint8Array =>
      tlv(0x30, tlv(2, [version]), ALGORITHM, tlv(4, pkcs1), ...more)
    expect(RsaPrivateKey.fromPkcs8(pkcs8(0)).pkcs1).toEqual(pkcs1)
    expect(() => RsaPrivateKey.fromPkcs1(multiPrime)).toThrow('version')
    expect(() => RsaPrivateKey.fromPkcs1(toPkcs1([...numbersOf(pkcs1), 3n]))).toThrow('trailing')
    expect(() => RsaPrivateKey.fromPkcs8(pkcs8(1))).toThrow('version')
    expect(() => RsaPrivateKey.fromPkcs8(pkcs8(0, tlv(0xa0)))).toThrow('trailing')
    expect(() => RsaPrivateKey.fromPkcs8(tlv(0x30, tlv(2, [0]), tlv(0x30, OID), tlv(4, pkcs1)))).toThrow(
      'rsaEncryption'
    )
  })
}
