/**
 * @packageDocumentation
 *
 * A validator and a selector for any libp2p node with kad-dht, with a memory: values that expire, that their owners signed,
 * and that no older one takes the place of, over restarts too. As specified in docs/specs/dht.md.
 *
 * @example
 *
 * ```ts
 * const { validators, selectors } = await RecordRules.open({ datastore })
 * const node = await createLibp2p({
 *   privateKey,
 *   datastore,
 *   services: { identify: identify(), ping: ping(), dht: kadDHT({ validators, selectors }) }
 * })
 * const key = ownedKey(ownerOf(privateKey.publicKey), name)
 * const value = await sealRecord(key, bytes, { privateKey, sequence: 1, ttl: 60 })
 * for await (const _ of node.services.dht.put(key, value)) {}
 * ```
 */
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { sha256 } from './digest.ts'
import type { PublicKey } from '@libp2p/interface'

export { openRecord } from './digest.ts'
export { RefusedRecordError } from './errors.ts'
export { RecordRules } from './record-rules.ts'
export { ownedKey, plainKey } from './rules/record-key.ts'
export { sealRecord } from './seal-record.ts'
export type { RecordRulesInit } from './record-rules.ts'
export type { Content, Envelope } from './rules/envelope.ts'
export type { Sealed } from './rules/sealed.ts'
export type { SealOptions } from './seal-record.ts'

/** The 32 bytes that stand for an owner in `ownedKey` */
export function ownerOf(publicKey: PublicKey): Uint8Array {
  return sha256(publicKeyToProtobuf(publicKey))
}
