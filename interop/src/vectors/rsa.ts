import { RsaPrivateKey, RsaPublicKey } from '@hearsay/protocol-core'
import { DecodeError } from '@hearsay/protocol-core/pure'
import { each, same } from './case.ts'
import { base64, flag, has, integer, object, text } from './json.ts'
import { toHex } from './frames.ts'
import type { Case, Protocol } from './case.ts'
import type { Json, JsonObject } from './json.ts'
import type { RsaLimits, RsaScheme } from '@hearsay/protocol-core'

/** RSA, which more than one protocol has: keys in all their encodings, signatures, encryptions. */
export const rsa: Protocol = {
  name: 'rsa',
  sections: { keys, signatures: each(checkSignature), encryptions: each(checkEncryption) }
}

/** The vectors have keys that are too weak for use */
const ANY_KEY: RsaLimits = { minBits: 1_024, anyExponent: true }
const USUAL_EXPONENT = 65_537
const USUAL_BITS = 2_048

function keys(section: Json): Case[] {
  return Object.entries(object(section, 'the section')).map(([name, value]) => ({
    name: `.${name}`,
    check: () => checkKey(object(value, 'the key'))
  }))
}

function checkKey(entry: JsonObject): void {
  const key = publicKey(entry)
  same('bits', key.bits, integer(entry, 'bits'))
  const encodings: [string, string | number][] = [
    ['spki', toBase64(key.spki)],
    ['fingerprint', toHex(key.fingerprint)],
    ['n', String(key.n)],
    ['e', key.e],
    ['publicPem', key.pkcs1Pem],
    ['pkcs1', toBase64(key.pkcs1)]
  ]

  for (const [name, ours] of encodings) {
    same(name, has(entry, name) ? ours : undefined, entry[name])
  }

  const usual = key.bits >= USUAL_BITS && key.e === USUAL_EXPONENT
  same('whether it is taken within the usual limits', isTaken(key), usual)
  checkPrivate(entry, key)
}

function checkPrivate(entry: JsonObject, key: RsaPublicKey): void {
  const secret = privateKey(entry)

  if (secret !== undefined) {
    same('the public half of the private key', toBase64(secret.publicKey.spki), toBase64(key.spki))
    same('privatePem', has(entry, 'privatePem') ? secret.pkcs1Pem : undefined, entry['privatePem'])
    same('pkcs8Pem', has(entry, 'pkcs8Pem') ? secret.pkcs8Pem : undefined, entry['pkcs8Pem'])
  }
}

async function checkSignature(entry: JsonObject, siblings: JsonObject): Promise<void> {
  const signer = keyEntry(entry, siblings)
  const [data, signature, scheme] = [
    base64(entry, 'data'),
    base64(entry, 'signature'),
    text(entry, 'scheme') as RsaScheme
  ]
  const valid = flag(entry, 'valid')
  same('whether the signature is accepted', await publicKey(signer).verify(data, signature, scheme), valid)
  const secret = privateKey(signer)

  // of the two schemes, the one without salt
  if (valid && scheme === 'PKCS1-v1_5' && secret !== undefined) {
    same('our signature', toBase64(await secret.sign(data, scheme)), toBase64(signature))
  }
}

async function checkEncryption(entry: JsonObject, siblings: JsonObject): Promise<void> {
  const ciphertext = base64(entry, 'ciphertext')
  const plaintext = entry['plaintext'] === null ? 'nothing: refused' : toBase64(base64(entry, 'plaintext'))
  const secret = privateKey(keyEntry(entry, siblings))

  if (secret === undefined) {
    throw new Error(`key: there is no private key of ${text(entry, 'key')} in the file`)
  }

  same('the plaintext', await secret.decrypt(ciphertext).then(toBase64, onRefused), plaintext)
}

function onRefused(err: unknown): string {
  if (err instanceof DecodeError) {
    return 'nothing: refused'
  }

  throw err
}

function isTaken({ spki }: RsaPublicKey): boolean {
  try {
    RsaPublicKey.fromSpki(spki)
    return true
  } catch {
    return false
  }
}

function keyEntry(entry: JsonObject, siblings: JsonObject): JsonObject {
  const name = text(entry, 'key')
  return object(object(siblings['keys'], 'keys')[name], `keys.${name}`)
}

function publicKey(entry: JsonObject): RsaPublicKey {
  return has(entry, 'spki')
    ? RsaPublicKey.fromSpki(base64(entry, 'spki'), ANY_KEY)
    : RsaPublicKey.fromPem(text(entry, 'publicPem'), ANY_KEY)
}

function privateKey(entry: JsonObject): RsaPrivateKey | undefined {
  const name = ['privatePem', 'pkcs8Pem'].find((encoding) => has(entry, encoding))
  return name === undefined ? undefined : RsaPrivateKey.fromPem(text(entry, name), ANY_KEY)
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
