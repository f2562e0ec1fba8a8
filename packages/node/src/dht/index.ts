/**
 * @packageDocumentation
 *
 * Values on libp2p's kad-dht that have a lifetime, exactly as many copies as asked for, and that cannot be rolled back,
 * as specified in docs/specs/dht.md. The rules work with any node that has kad-dht:
 *
 * @example
 *
 * ```ts
 * const datastore = new MemoryDatastore()
 * const { validators, selectors } = await RecordRules.open({ datastore })
 * const node = await createLibp2p({
 *   datastore,
 *   services: { identify: identify(), ping: ping(), dht: kadDHT({ validators, selectors }) }
 * })
 * ```
 */
export { dhtDefaults, dhtRanges, KAD_PROTOCOL, KAD_TUNING } from './constants.ts'
export { Dht } from './dht.ts'
export { openRecord } from './digest.ts'
export { BusyError, RefusedRecordError } from './errors.ts'
export { RecordRules } from './record-rules.ts'
export { RecordStore } from './record-store.ts'
export { decodeEnvelope, encodeEnvelope, MAX_ENVELOPE_BYTES, MAX_PAYLOAD_BYTES, signedBytes } from './rules/envelope.ts'
export { ownedKey, plainKey } from './rules/record-key.ts'
export { SqliteDatastore } from './sqlite-datastore.ts'
export { openDhtStorage } from './storage.ts'
export type { DhtConfig } from './constants.ts'
export type { DhtValue, GetOptions, PutOptions, Receipt } from './contract.ts'
export type { DhtComponents } from './dht.ts'
export type { RecordRulesInit } from './record-rules.ts'
export type { Content, Envelope } from './rules/envelope.ts'
export type { HoldingsLimits } from './rules/holdings.ts'
export type { Sealed } from './rules/sealed.ts'
export type { DhtStorage } from './storage.ts'
