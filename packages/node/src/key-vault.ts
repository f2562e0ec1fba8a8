/**
 * An identity encrypted with a passphrase: scrypt (N = 2^17, r = 8, p = 1, as OWASP recommends) makes the key, AES-256-GCM
 * seals the libp2p private key in its protobuf form. The text is JSON with everything but the passphrase in it; what is
 * not secret is sealed too, so that nothing of it can be changed.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { z } from 'zod'
import type { ScryptOptions } from 'node:crypto'
import type { PrivateKey } from '@libp2p/interface'

/** A key that cannot be had: the passphrase is wrong, or the file damaged. The message quotes none of it. */
export class KeyError extends Error {
  static override readonly name = 'KeyError'
  override readonly name = 'KeyError'
}

const FORMAT = 'hearsay-key-1'
const COST = 2 ** 17
const BLOCK_SIZE = 8
/** In bytes; scrypt needs 128 · N · r of them */
const MAX_MEMORY = 256 * 2 ** 20
const CIPHER = 'aes-256-gcm'

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt)

const base64 = z.base64().max(8_192)
const vault = z.strictObject({
  format: z.literal(FORMAT),
  peerId: z.string().max(128),
  // more would let a file take all memory and time
  cost: z
    .int()
    .min(2)
    .max(COST)
    .refine((cost) => Number.isInteger(Math.log2(cost))),
  salt: base64,
  nonce: base64,
  sealed: base64,
  tag: base64
})
type Vault = z.infer<typeof vault>

/** @param cost - scrypt's N; less is for tests */
export async function encryptKey(key: PrivateKey, passphrase: string, cost = COST): Promise<string> {
  const [salt, nonce] = [randomBytes(32), randomBytes(12)]
  const open = {
    format: FORMAT,
    peerId: peerIdFromPrivateKey(key).toString(),
    cost,
    salt: salt.toString('base64')
  }
  const cipher = createCipheriv(CIPHER, await keyOf(passphrase, salt, cost), nonce)
  cipher.setAAD(additionalData(open))
  const sealed = Buffer.concat([cipher.update(privateKeyToProtobuf(key)), cipher.final()])
  const [nonceText, sealedText, tag] = [nonce, sealed, cipher.getAuthTag()].map((bytes) => bytes.toString('base64'))
  return `${JSON.stringify({ ...open, nonce: nonceText, sealed: sealedText, tag }, undefined, 2)}\n`
}

/** @throws {KeyError} when the text is no export, was changed, or the passphrase is another one */
export async function decryptKey(text: string, passphrase: string): Promise<PrivateKey> {
  const { nonce, sealed, tag, ...open } = parse(text)
  const key = await keyOf(passphrase, Buffer.from(open.salt, 'base64'), open.cost)

  try {
    const decipher = createDecipheriv(CIPHER, key, Buffer.from(nonce, 'base64'), { authTagLength: 16 })
    decipher.setAAD(additionalData(open)).setAuthTag(Buffer.from(tag, 'base64'))
    const bytes = Buffer.concat([decipher.update(Buffer.from(sealed, 'base64')), decipher.final()])
    return privateKeyFromProtobuf(bytes)
  } catch (err) {
    throw new KeyError('the passphrase is wrong, or the file was changed', { cause: err })
  }
}

function parse(text: string): Vault {
  try {
    return vault.parse(JSON.parse(text))
  } catch (err) {
    throw new KeyError('this is no key that "hearsay key export" wrote', { cause: err })
  }
}

async function keyOf(passphrase: string, salt: Buffer, cost: number): Promise<Buffer> {
  return derive(passphrase.normalize('NFKC'), salt, 32, { N: cost, r: BLOCK_SIZE, p: 1, maxmem: MAX_MEMORY })
}

function additionalData({
  format,
  peerId,
  cost,
  salt
}: Pick<Vault, 'peerId' | 'cost' | 'salt'> & { format: string }): Buffer {
  return Buffer.from(JSON.stringify([format, peerId, cost, salt]))
}
