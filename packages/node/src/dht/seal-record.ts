import { checkRange, InvalidParametersError } from '@hearsay/protocol-core/pure'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { encodeEnvelope, MAX_PAYLOAD_BYTES, signedBytes } from './rules/envelope.ts'
import { MAX_REPLICATION, MAX_TTL } from './rules/lifetime.ts'
import { isPayload } from './rules/sealed.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { Content } from './rules/envelope.ts'

export interface SealOptions {
  /** The owner's */
  privateKey: PrivateKey
  /** Higher than that of any value which this owner sealed for the key before, below 2^53. Keep the last one */
  sequence: number
  /** In s, 1–65,535. @default 300 */
  ttl?: number
  /** Copies wanted, 1–20; kad-dht itself makes twenty whatever it says. @default 3 */
  replication?: number
  /** In ms since 1970. @default Date.now() */
  issuedAt?: number
}

/**
 * A value as `RecordRules` accepts it, for programs that use kad-dht's own `put`.
 *
 * @param recordKey - of `plainKey` or `ownedKey`
 * @throws {InvalidParametersError} when the value or an option is out of range
 */
export async function sealRecord(
  recordKey: Uint8Array,
  value: Uint8Array,
  { privateKey, sequence, ttl = 300, replication = 3, issuedAt = Date.now() }: SealOptions
): Promise<Uint8Array> {
  checkRange('sequence', sequence, [0, Number.MAX_SAFE_INTEGER])
  checkRange('ttl', ttl, [1, MAX_TTL / 1_000])
  checkRange('replication', replication, [1, MAX_REPLICATION])

  if (!isPayload(value)) {
    throw new InvalidParametersError('value', `must have 1 to ${MAX_PAYLOAD_BYTES} bytes`)
  }

  const content: Content = {
    issuedAt,
    expiresAt: issuedAt + ttl * 1_000,
    sequence,
    replication,
    owner: publicKeyToProtobuf(privateKey.publicKey),
    payload: value
  }
  return encodeEnvelope({ ...content, signature: await privateKey.sign(signedBytes(recordKey, content)) })
}
