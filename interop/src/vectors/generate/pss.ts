/** RSASSA-PSS with a salt that is given, so that the same is signed the same each time. For vectors alone. */
import { constants, createHash, privateEncrypt } from 'node:crypto'

const HASH_BYTES = 32

/** @param key - PKCS#8 PEM of a key whose size is a multiple of 8 bits. @param salt - 32 bytes */
export function signPss(key: string, bits: number, data: Uint8Array, salt: Uint8Array): Uint8Array {
  const width = bits / 8
  const sum = sha256(new Uint8Array(8), sha256(data), salt)
  const block = Buffer.concat([Buffer.alloc(width - 2 * HASH_BYTES - 2), Buffer.of(1), salt])
  const mask = mgf1(sum, block.byteLength)
  const masked = block.map((byte, at) => byte ^ mask[at]!)
  masked[0]! &= 0x7f
  const encoded = Buffer.concat([masked, sum, Buffer.of(0xbc)])
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded)
}

function mgf1(seed: Uint8Array, length: number): Uint8Array {
  const rounds = Math.ceil(length / HASH_BYTES)
  return Buffer.concat(Array.from({ length: rounds }, (_, at) => sha256(seed, Uint8Array.of(0, 0, 0, at))))
}

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  parts.forEach((part) => hash.update(part))
  return hash.digest()
}
