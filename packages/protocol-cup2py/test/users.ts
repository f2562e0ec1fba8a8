import { generateKeyPairSync } from 'node:crypto'
import { RsaPrivateKey } from '@hearsay/protocol-core'
import { signRecord, userHash } from '@hearsay/protocol-cup2py'
import type { UserRecord } from '@hearsay/protocol-cup2py'

/** A new key */
export function createPrivateKeyPem(bits = 2_048): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** Somebody with a key, for tests that need records */
export class TestUser {
  readonly key: RsaPrivateKey
  readonly hash: string

  constructor(bits = 2_048) {
    this.key = RsaPrivateKey.fromPem(createPrivateKeyPem(bits), { minBits: bits })
    this.hash = userHash(this.key.publicKey.pkcs1Pem)
  }

  async record(address: string, date: string): Promise<UserRecord> {
    return signRecord(this.key, this.hash, address, date)
  }
}

/** The date some seconds from now, as records have it */
export function dateIn(seconds: number): string {
  return new Date(Date.now() + seconds * 1_000).toISOString().replace('T', ' ').replace('Z', '123')
}
