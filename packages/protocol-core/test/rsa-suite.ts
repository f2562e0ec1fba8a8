/**
 * What both twins of `#rsa-operations` must do alike. Each runner sees its own: Node's tests node:crypto, Chromium's WebCrypto.
 */
import { generateRsaKey, RsaPrivateKey, RsaPublicKey } from '@hearsay/protocol-core'
import { describe, expect, it } from 'vitest'
import vectors from '../../../interop/vectors/originals/rsa.json' with { type: 'json' }
import { hostileTests } from './rsa-hostile-suite.ts'
import {
  anyKey,
  base64,
  bytes,
  hasPrivate,
  hex,
  INVALID,
  keys,
  modulusOf,
  privateKey,
  publicKey,
  tlv
} from './rsa-vectors.ts'
import type { RsaLimits, RsaScheme } from '@hearsay/protocol-core'

/** By what they are about */
const tests: [string, () => void][] = [
  ['public keys', publicKeys],
  ['private keys', privateKeys],
  ['signatures', signatures],
  ['signatures of another kind', otherSignatures],
  ['encryption', encryption],
  ['limits', limits],
  ['exponents and moduli', exponentsAndModuli],
  ['generation', generation],
  ...hostileTests
]

export function rsaSuite(): void {
  describe.each(tests)('%s', (_, define) => {
    define()
  })
}

function publicKeys(): void {
  const withSpki = Object.entries(keys).filter(([, { spki }]) => spki !== undefined)
  const withPem = Object.entries(keys).filter(([, { publicPem }]) => publicPem !== undefined)

  it.each(withSpki)('%s: SubjectPublicKeyInfo, size and fingerprint', (_, { bits, spki, fingerprint }) => {
    const key = RsaPublicKey.fromSpki(bytes(spki), anyKey)
    expect(key.bits).toBe(bits)
    expect(base64(key.spki)).toBe(spki)
    expect(hex(key.fingerprint)).toBe(fingerprint)
    expect(key.fingerprint).toBe(key.fingerprint)
    expect(RsaPublicKey.fromPem(key.spkiPem, anyKey).spki).toEqual(key.spki)
    expect(RsaPublicKey.fromPkcs1(key.pkcs1, anyKey).spki).toEqual(key.spki)
  })

  it.each(withPem)("%s: numbers and PKCS#1 as Python's rsa has them", (_, { bits, n, e, pkcs1, publicPem }) => {
    const key = RsaPublicKey.fromPem(publicPem!, anyKey)
    expect([key.bits, String(key.n), key.e]).toEqual([bits, n, e])
    expect(key.pkcs1Pem).toBe(publicPem)
    expect(base64(key.pkcs1)).toBe(pkcs1)
    expect(RsaPublicKey.fromPkcs1(bytes(pkcs1), anyKey).pkcs1Pem).toBe(publicPem)
  })

  it('takes PEM with CRLF, other line lengths and white space around it', () => {
    const { publicPem, pkcs1 } = keys['k2048a']!
    const oneLine = `-----BEGIN RSA PUBLIC KEY-----\n${pkcs1}\n-----END RSA PUBLIC KEY-----`

    for (const text of [publicPem!.replaceAll('\n', '\r\n'), `\n ${publicPem}\n\n`, oneLine]) {
      expect(RsaPublicKey.fromPem(text).pkcs1Pem).toBe(publicPem)
    }
  })

  it.each(notPem())('refuses PEM %s', (_, text) => {
    expect(() => RsaPublicKey.fromPem(text, anyKey)).toThrow(INVALID)
    expect(() => RsaPrivateKey.fromPem(text, anyKey)).toThrow(INVALID)
  })

  it('keeps a copy of what it was made of', () => {
    const der = bytes(keys['alice']!.spki)
    const key = RsaPublicKey.fromSpki(der)
    der.fill(0)
    expect(base64(key.spki)).toBe(keys['alice']!.spki)
    expect(base64(RsaPublicKey.fromPkcs1(key.pkcs1).spki)).toBe(keys['alice']!.spki)
  })
}

function notPem(): [string, string][] {
  const pem = keys['k1024a']!.publicPem!
  const lines = pem.trim().split('\n')
  return [
    ['without a last line', lines.slice(0, -1).join('\n')],
    ['without a first line', lines.slice(1).join('\n')],
    ['with two labels', pem.replace('END RSA PUBLIC', 'END PUBLIC')],
    ['with the label of another encoding', pem.replaceAll('RSA PUBLIC', 'PUBLIC')],
    ['of a certificate', pem.replaceAll('RSA PUBLIC KEY', 'CERTIFICATE')],
    ['with a password', pem.replaceAll('RSA PUBLIC KEY', 'ENCRYPTED PRIVATE KEY')],
    ['twice', pem + pem],
    ['with text before it', `key:\n${pem}`],
    ['with text in its first line', `x${pem}`],
    ['with text after it', `${pem}.`],
    ['with a letter that is not base64', pem.replace('M', 'M*')],
    ['with a space inside', pem.replace('M', ' M')],
    ['with bits to spare', pem.replace('AAE=', 'AAF=')],
    ['without its padding', pem.replace('AAE=', 'AAE')],
    ['with nothing in it', `${lines[0]}\n${lines.at(-1)}`],
    ['of more than 16,384 characters', pem.padEnd(16_385)],
    ['that is empty', '']
  ]
}

function privateKeys(): void {
  it.each(Object.entries(keys).filter(([, key]) => key.privatePem ?? key.pkcs8Pem))(
    '%s: both encodings, DER and PEM',
    (_, { bits, privatePem, pkcs8Pem, publicPem, spki }) => {
      const key = RsaPrivateKey.fromPem((privatePem ?? pkcs8Pem)!, anyKey)
      expect(key.publicKey.bits).toBe(bits)
      expect(key.pkcs1Pem).toBe(privatePem ?? key.pkcs1Pem)
      expect(key.pkcs8Pem).toBe(pkcs8Pem ?? key.pkcs8Pem)
      expect(key.publicKey.pkcs1Pem).toBe(publicPem ?? key.publicKey.pkcs1Pem)
      expect(base64(key.publicKey.spki)).toBe(spki ?? base64(key.publicKey.spki))

      for (const again of [
        RsaPrivateKey.fromPem(key.pkcs1Pem, anyKey),
        RsaPrivateKey.fromPem(key.pkcs8Pem, anyKey),
        RsaPrivateKey.fromPkcs1(key.pkcs1, anyKey),
        RsaPrivateKey.fromPkcs8(key.pkcs8, anyKey)
      ]) {
        expect(again.pkcs8).toEqual(key.pkcs8)
      }
    }
  )

  it('keeps a copy of what it was made of', () => {
    const original = privateKey('alice')
    const der = original.pkcs1.slice()
    const key = RsaPrivateKey.fromPkcs1(der)
    der.fill(0)
    expect(key.pkcs1).toEqual(original.pkcs1)
  })

  it('has no secret among its properties', () => {
    const key = privateKey('alice')
    expect(Object.keys(key).toSorted()).toEqual(['keys', 'publicKey'])
    expect(JSON.stringify(key)).not.toContain(JSON.stringify(key.pkcs1).slice(0, 40))
  })
}

function signatures(): void {
  it.each(vectors.signatures)('$label, $key, $scheme: $valid', async ({ key, scheme, data, signature, valid }) => {
    expect(await publicKey(key).verify(bytes(data), bytes(signature), scheme as RsaScheme)).toBe(valid)
  })

  it('tells them apart when they are verified at once', async () => {
    const all = vectors.signatures.map(async ({ key, scheme, data, signature }) =>
      publicKey(key).verify(bytes(data), bytes(signature), scheme as RsaScheme)
    )
    expect(await Promise.all(all)).toEqual(vectors.signatures.map(({ valid }) => valid))
  })

  it.each(['alice', 'k2048a', 'k1024a', 'exponent3'])('%s: signs what it verifies', async (name) => {
    const key = privateKey(name)
    const data = new TextEncoder().encode('hear, hear')

    for (const scheme of ['PKCS1-v1_5', 'PSS'] as const) {
      const signature = await key.sign(data, scheme)
      expect(signature.byteLength).toBe(key.publicKey.bits / 8)
      expect(await key.publicKey.verify(data, signature, scheme)).toBe(true)
      expect(await key.publicKey.verify(data.subarray(1), signature, scheme)).toBe(false)
      expect(await key.publicKey.verify(data, signature, scheme === 'PSS' ? 'PKCS1-v1_5' : 'PSS')).toBe(false)
    }
  })

  it.each(vectors.signatures.filter(({ scheme, valid, key }) => scheme !== 'PSS' && valid && hasPrivate(key)))(
    '$label, $key: signs to the same bytes',
    async ({ key, data, signature }) => {
      expect(base64(await privateKey(key).sign(bytes(data), 'PKCS1-v1_5'))).toBe(signature)
    }
  )
}

function otherSignatures(): void {
  it.each(['PKCS1-v1_5', 'PSS'] as const)('%s: says no to what is no signature', async (scheme) => {
    const key = publicKey('alice')
    const { data, signature } = vectors.signatures.find((vector) => vector.key === 'alice' && vector.scheme === scheme)!
    const good = [...bytes(signature)]
    const bad = [good.slice(1), [0, ...good], [...good, 0], modulusOf('alice'), good.map(() => 255)].map(bytes)
    const zeros = [0, 1, 255, 256, 257, 512, 1_000_000].map((length) => new Uint8Array(length))

    for (const wrong of [...bad, ...zeros]) {
      expect(await key.verify(bytes(data), wrong, scheme)).toBe(false)
    }
  })

  it('has no default scheme', async () => {
    const key = privateKey('alice')
    const invalid = expect.objectContaining({ name: 'InvalidParametersError' })

    for (const scheme of [undefined, 'RSA-PSS', 'constructor'] as unknown as RsaScheme[]) {
      await expect(async () => key.sign(key.pkcs1, scheme)).rejects.toEqual(invalid)
      await expect(async () => key.publicKey.verify(key.pkcs1, key.pkcs1, scheme)).rejects.toEqual(invalid)
    }
  })
}

function encryption(): void {
  it.each(vectors.encryptions)('$label, $key', async ({ key, plaintext, ciphertext }) => {
    const decrypted = await privateKey(key).decrypt(bytes(ciphertext)).then(base64, String)
    expect(decrypted).toBe(plaintext ?? 'DecodeError: not encrypted to this key')
  })

  it.each([0, 1, 32, 190])('%i bytes there and back', async (length) => {
    const key = privateKey('k2048a')
    const data = Uint8Array.from({ length }, (_, i) => i)
    const ciphertext = await key.publicKey.encrypt(data)
    expect(ciphertext.byteLength).toBe(256)
    expect(await key.decrypt(ciphertext)).toEqual(data)
    expect(await key.publicKey.encrypt(data)).not.toEqual(ciphertext)
  })

  it('refuses more than fits', async () => {
    await expect(publicKey('k2048a').encrypt(new Uint8Array(191))).rejects.toEqual(
      expect.objectContaining({ name: 'InvalidParametersError', message: expect.stringContaining('at most 190') })
    )
  })

  it.each([0, 1, 255, 257, 100_000])('does not decrypt %i bytes', async (length) => {
    await expect(privateKey('bob').decrypt(new Uint8Array(length))).rejects.toEqual(
      expect.objectContaining({ name: 'DecodeError' })
    )
  })
}

function limits(): void {
  it.each([
    ['1,024 bits', 'weak1024', {}, 'modulus of 1024 bits, 2048 to 4096 are allowed'],
    ['2,048 bits under a minimum of 2,049', 'alice', { minBits: 2049 }, 'modulus of 2048 bits, 2049 to 4096'],
    ['4,096 bits over a maximum of 4,095', 'erin4096', { maxBits: 4095 }, 'modulus of 4096 bits, 2048 to 4095'],
    ['an exponent of 3', 'exponent3', {}, 'public exponent must be 65537'],
    ['an exponent of 2^32 - 1', 'exponentMax', {}, 'public exponent must be 65537']
  ])('refuses %s', (_, name, limit, message) => {
    const refused = expect.objectContaining({ name: 'InvalidKeyError', message: expect.stringContaining(message) })
    expect(() => RsaPublicKey.fromSpki(bytes(keys[name]!.spki), limit)).toThrow(refused)
    expect(() => RsaPublicKey.fromPem(publicKey(name).pkcs1Pem, limit)).toThrow(refused)
  })

  it.each(['weak1024', 'exponent3'])('refuses the private key %s', (name) => {
    expect(() => RsaPrivateKey.fromPem(keys[name]!.pkcs8Pem!)).toThrow(INVALID)
    expect(() => RsaPrivateKey.fromPkcs1(privateKey(name).pkcs1)).toThrow(INVALID)
  })

  it.each([
    ['weak1024', { minBits: 1024 }],
    ['alice', { minBits: 2048, maxBits: 2048 }],
    ['erin4096', { minBits: 4096 }],
    ['exponent3', { anyExponent: true }],
    ['exponentMax', { anyExponent: true }],
    ['alice', { minBits: undefined, maxBits: undefined, anyExponent: undefined }]
  ])('takes %s within %o', (name, limit) => {
    expect(RsaPublicKey.fromSpki(bytes(keys[name]!.spki), limit).bits).toBe(keys[name]!.bits)
  })

  it.each([{ minBits: 1023 }, { maxBits: 16_385 }, { minBits: 2048.5 }, { bits: 2048 } as RsaLimits])(
    'cannot be %o',
    (limit) => {
      expect(() => RsaPublicKey.fromSpki(bytes(keys['alice']!.spki), limit)).toThrow(
        expect.objectContaining({ name: 'InvalidParametersError' })
      )
    }
  )
}

function exponentsAndModuli(): void {
  it.each([[[0]], [[1]], [[2]], [[1, 0, 0]], [[255, 255, 255, 254]], [[1, 0, 0, 0, 3]], [[1, 0, 0, 0, 0, 0, 0, 3]]])(
    'refuses the exponent %o always',
    (e) => {
      expect(() =>
        RsaPublicKey.fromPkcs1(
          tlv(0x30, tlv(2, [0, ...modulusOf('alice')]), tlv(2, e[0]! < 128 ? e : [0, ...e])),
          anyKey
        )
      ).toThrow('public exponent must be odd')
    }
  )

  it('refuses a modulus that is even, and one of many thousand bits', () => {
    const even = tlv(0x30, tlv(2, [0, ...modulusOf('alice').slice(0, -1), 2]), tlv(2, [1, 0, 1]))
    const huge = tlv(0x30, tlv(2, [1, ...new Uint8Array(60_000), 1]), tlv(2, [1, 0, 1]))
    expect(() => RsaPublicKey.fromPkcs1(even)).toThrow('modulus is even')
    expect(() => RsaPublicKey.fromPkcs1(huge, { maxBits: 16_384 })).toThrow('modulus of 480009 bits, 2048 to 16384')
  })
}

function generation(): void {
  it('makes a key of the size asked for', async () => {
    const key = await generateRsaKey(2176)
    const data = key.publicKey.spki
    expect([key.publicKey.bits, key.publicKey.e]).toEqual([2176, 65_537])
    expect(RsaPrivateKey.fromPem(key.pkcs8Pem).pkcs1).toEqual(key.pkcs1)
    expect(await key.publicKey.verify(data, await key.sign(data, 'PSS'), 'PSS')).toBe(true)
    expect(key.pkcs1).not.toEqual((await generateRsaKey(2176)).pkcs1)
  })

  it.each([1024, 1920, 2047, 2056, 4224, 2048.5, Number.NaN, '2048' as unknown as number])(
    'refuses %s bits',
    async (bits) => {
      await expect(generateRsaKey(bits)).rejects.toEqual(expect.objectContaining({ name: 'InvalidParametersError' }))
    }
  )
}
