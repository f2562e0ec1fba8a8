/**
 * Payloads only the receiver can read: RSA-OAEP of a random AES key, IV, AES-256-GCM, tag.
 *
 * @see docs/specs/shout.md#sealing
 */
import { DecodeError } from '@hearsay/protocol-core/pure'
import type { RsaPrivateKey, RsaPublicKey } from '@hearsay/protocol-core'
import type { SignedMessage } from './message.ts'

const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16
const AES = 'AES-GCM'

/** What sealing adds to a payload. @param bits - of the receiver's key */
export function sealBytes(bits: number): number {
  return bits / 8 + IV_BYTES + TAG_BYTES
}

/** @param associated - opcode byte, flag byte, from, to */
export async function seal(to: RsaPublicKey, associated: Uint8Array, payload: Uint8Array): Promise<Uint8Array> {
  const secret = crypto.getRandomValues(new Uint8Array(KEY_BYTES))
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
  const [wrapped, ciphertext] = await Promise.all([
    to.encrypt(secret),
    importKey(secret, 'encrypt').then((key) => crypto.subtle.encrypt(parameters(iv, associated), key, plain(payload)))
  ])
  const sealed = new Uint8Array(wrapped.byteLength + IV_BYTES + ciphertext.byteLength)
  sealed.set(wrapped)
  sealed.set(iv, wrapped.byteLength)
  sealed.set(new Uint8Array(ciphertext), wrapped.byteLength + IV_BYTES)
  return sealed
}

/** @throws {DecodeError} when it is not sealed to this key, or was altered: nothing says which */
export async function unseal(
  key: RsaPrivateKey,
  { payload, associated }: Pick<SignedMessage, 'payload' | 'associated'>
): Promise<Uint8Array> {
  const { bits } = key.publicKey
  const wrapped = bits / 8

  if (payload.byteLength < sealBytes(bits)) {
    throw new DecodeError('too short to be sealed')
  }

  try {
    const secret = await key.decrypt(payload.subarray(0, wrapped))
    const iv = payload.subarray(wrapped, wrapped + IV_BYTES)
    const aes = await importKey(secret, 'decrypt')
    const ciphertext = plain(payload.subarray(wrapped + IV_BYTES))
    return new Uint8Array(await crypto.subtle.decrypt(parameters(iv, associated), aes, ciphertext))
  } catch (err) {
    throw new DecodeError('not sealed to this key, or altered', { cause: err })
  }
}

async function importKey(secret: Uint8Array, usage: KeyUsage): Promise<CryptoKey> {
  if (secret.byteLength !== KEY_BYTES) {
    throw new DecodeError('no AES-256 key')
  }

  return crypto.subtle.importKey('raw', plain(secret), AES, false, [usage])
}

function parameters(iv: Uint8Array, associated: Uint8Array): AesGcmParams {
  return { name: AES, iv: plain(iv), additionalData: plain(associated), tagLength: 8 * TAG_BYTES }
}

/** WebCrypto refuses shared memory, which nobody gives it here */
function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>
}
