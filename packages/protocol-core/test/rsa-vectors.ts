/**
 * Keys and signatures the RSA tests share, and DER written apart from the code that is tested.
 */
import { RsaPrivateKey, RsaPublicKey } from '@hearsay/protocol-core'
import { expect } from 'vitest'
import vectors from '../../../interop/vectors/originals/rsa.json' with { type: 'json' }
import type { RsaLimits } from '@hearsay/protocol-core'

interface KeyVector {
  bits: number
  spki?: string
  fingerprint?: string
  pkcs8Pem?: string
  n?: string
  e?: number
  pkcs1?: string
  publicPem?: string
  privatePem?: string
}

export const keys: Record<string, KeyVector> = vectors.keys
export const anyKey: RsaLimits = { minBits: 1024, anyExponent: true }
export const INVALID: unknown = expect.objectContaining({ name: 'InvalidKeyError' })

export function publicKey(name: string): RsaPublicKey {
  const { spki, publicPem } = keys[name]!
  return spki === undefined ? RsaPublicKey.fromPem(publicPem!, anyKey) : RsaPublicKey.fromSpki(bytes(spki), anyKey)
}

export function privateKey(name: string): RsaPrivateKey {
  const { privatePem, pkcs8Pem } = keys[name]!
  return RsaPrivateKey.fromPem((privatePem ?? pkcs8Pem)!, anyKey)
}

export function hasPrivate(name: string): boolean {
  return keys[name]!.privatePem !== undefined || keys[name]!.pkcs8Pem !== undefined
}

export function withByte(data: Uint8Array, at: number, byte: number): Uint8Array {
  const changed = data.slice()
  changed[at] = byte
  return changed
}

/** Without the leading zero of its DER */
export function modulusOf(name: string): number[] {
  return publicKey(name)
    .n.toString(16)
    .match(/../g)!
    .map((byte) => Number(`0x${byte}`))
}

/** One DER element, written apart from the code that is tested */
export function tlv(tag: number, ...parts: (Uint8Array | number[])[]): Uint8Array {
  const content = parts.flatMap((part) => [...part])
  const { length } = content
  const header = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length % 256]
  return bytes([tag, ...header, ...content])
}

export function bytes(from: string | number[] | undefined): Uint8Array {
  return typeof from === 'string' ? Uint8Array.from(atob(from), (char) => char.charCodeAt(0)) : Uint8Array.from(from!)
}

export function base64(data: Uint8Array): string {
  return btoa(String.fromCharCode(...data))
}

export function hex(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
