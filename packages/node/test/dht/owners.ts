import { randomBytes } from 'node:crypto'
import { encodeEnvelope, openRecord, ownedKey, plainKey, signedBytes } from '@hearsay/node/dht'
import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { sha256 } from '../../src/dht/digest.ts'
import type { Content, Sealed } from '@hearsay/node/dht'
import type { PrivateKey } from '@libp2p/interface'

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString()
export const randomKey = (): Uint8Array => Uint8Array.from(randomBytes(32))

/** Somebody with a key, who signs whatever is asked for. */
export class Owner {
  readonly privateKey: PrivateKey
  readonly publicKey: Uint8Array

  private constructor(privateKey: PrivateKey) {
    this.privateKey = privateKey
    this.publicKey = publicKeyToProtobuf(privateKey.publicKey)
  }

  static async create(type: 'Ed25519' | 'secp256k1' | 'RSA' = 'Ed25519'): Promise<Owner> {
    return new Owner(type === 'RSA' ? await generateKeyPair('RSA', 2_048) : await generateKeyPair(type))
  }

  static of(privateKey: PrivateKey): Owner {
    return new Owner(privateKey)
  }

  ownedKey(key: Uint8Array): Uint8Array {
    return ownedKey(sha256(this.publicKey), key)
  }

  /** An envelope for a record key; a plain one with a minute to live unless told otherwise */
  async seal(recordKey: Uint8Array, content: Partial<Content> = {}): Promise<Uint8Array> {
    const issuedAt = content.issuedAt ?? Date.now()
    const full: Content = {
      issuedAt,
      expiresAt: issuedAt + 60_000,
      sequence: issuedAt,
      replication: 3,
      owner: this.publicKey,
      payload: bytes('a value'),
      ...content
    }
    return encodeEnvelope({ ...full, signature: await this.privateKey.sign(signedBytes(recordKey, full)) })
  }

  async sealed(recordKey: Uint8Array, content: Partial<Content> = {}): Promise<Sealed> {
    return openRecord(recordKey, await this.seal(recordKey, content))
  }
}

export interface RankInit {
  owner?: string
  issuedAt?: number
  sequence?: number
  digest?: string
  expiresAt?: number
}

/** A record with no more than the rules compare */
export function ranked(rank: RankInit, key = 'k', isOwned = false): Sealed {
  const { owner = 'aa', issuedAt = 0, sequence = 0, digest = '', expiresAt = 1e15 } = rank

  return {
    recordKey: { text: key, key: new Uint8Array(32), ...(isOwned ? { owner: new Uint8Array(32) } : {}) },
    envelope: {
      issuedAt,
      expiresAt,
      sequence,
      replication: 1,
      owner: new Uint8Array(),
      payload: new Uint8Array(),
      signature: new Uint8Array()
    },
    owner,
    digest: digest === '' ? `${owner} ${issuedAt} ${sequence}` : digest
  }
}

export const aPlainKey = (): Uint8Array => plainKey(randomKey())
