import { randomBytes } from 'node:crypto'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'

/** An Ed25519 identity that a peer of another implementation is given */
export interface Identity {
  /** 32 bytes, hexadecimal */
  seed: string
  peerId: string
}

export async function newIdentity(): Promise<Identity> {
  const seed = randomBytes(32)
  const peerId = peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', seed)).toString()
  return { seed: seed.toString('hex'), peerId }
}
