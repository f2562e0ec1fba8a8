/**
 * What payloads mean, by opcode. Each reader returns undefined for a value that is none.
 *
 * @see docs/specs/shout.md#payloads
 */
import { DecodeError } from '@hearsay/protocol-core/pure'
import { MAX_ADDRESS_LENGTH, MAX_TTL } from './constants.ts'
import { addressOf, bytesOfKey } from './distance.ts'
import { isKey, sameBytes } from './message.ts'
import { decodeValue } from './msgpack.ts'
import type { Millis } from '@hearsay/protocol-core/pure'
import type { Value } from './msgpack.ts'

/** Who a node is and where it can be dialled */
export interface NodeInfo {
  /** DER */
  key: Uint8Array
  /** A multiaddr that ends in `/p2p/<peer id>` */
  address: string
}

export interface ChangeKey {
  current: Uint8Array
  next: Uint8Array
  /** Signature by the new key; the document's own form has none */
  proof: Uint8Array | undefined
}

export interface StoreRequest {
  address: Uint8Array
  key: string | Uint8Array
  value: Value
  /** What the owner says about it; the document's own form says nothing */
  version: number | undefined
  time: number | undefined
  ttl: Millis | undefined
}

export interface FindValueRequest {
  address: Uint8Array
  key: string | Uint8Array
  /** DER of the owner whose value is wanted, or `true` for those of all owners */
  owner: Uint8Array | true | undefined
}

/** A list that starts with an opcode, as ACK and NACK have it */
export function readAnswer(value: Value): { opcode: number; rest: readonly Value[] } | undefined {
  const [opcode, ...rest] = Array.isArray(value) ? (value as readonly Value[]) : []
  return typeof opcode === 'number' && Number.isInteger(opcode) && opcode >= 0 && opcode < 16
    ? { opcode, rest }
    : undefined
}

export function readNodeInfo(value: Value | undefined, bits: number): NodeInfo | undefined {
  const [key, address, port] = Array.isArray(value) ? (value as readonly Value[]) : []
  return key instanceof Uint8Array && isKey(key, bits) && isAddress(address) && typeof port === 'number'
    ? { key, address }
    : undefined
}

export function writeNodeInfo({ key, address }: NodeInfo): Value {
  return [key, address, 0]
}

/** ANNOUNCE: nil of a node that cannot be dialled, or `[address, port]` */
export function readAnnounce(value: Value): { address: string | undefined } | undefined {
  const [address, port] = Array.isArray(value) ? (value as readonly Value[]) : []
  return value === null
    ? { address: undefined }
    : isAddress(address) && typeof port === 'number'
      ? { address }
      : undefined
}

export function readChangeKey(value: Value, from: Uint8Array, bits: number): ChangeKey | undefined {
  const [current, next, proof] = Array.isArray(value) ? (value as readonly Value[]) : []
  return current instanceof Uint8Array &&
    sameBytes(current, from) &&
    next instanceof Uint8Array &&
    isKey(next, bits) &&
    (proof === undefined || proof instanceof Uint8Array)
    ? { current, next, proof }
    : undefined
}

/** What the new key signs to prove that its owner wants the change */
export function changeKeyText(current: Uint8Array, next: Uint8Array): Uint8Array {
  const label = new TextEncoder().encode('CHANGE_KEY')
  const text = new Uint8Array(label.byteLength + current.byteLength + next.byteLength)
  text.set(label)
  text.set(current, label.byteLength)
  text.set(next, label.byteLength + current.byteLength)
  return text
}

/** FIND_NODE: a key, or the address itself */
export function readFindNode(value: Value, bits: number, tau: number): Uint8Array | undefined {
  if (!(value instanceof Uint8Array)) {
    return undefined
  } else if (value.byteLength === tau / 8) {
    return value
  }

  return isKey(value, bits) ? addressOf(value, tau) : undefined
}

/** The address must be that of the key */
export function readFindValue(value: Value, bits: number, tau: number): FindValueRequest | undefined {
  const [address, key, owner] = Array.isArray(value) ? (value as readonly Value[]) : []
  const known = owner === undefined || owner === true || (owner instanceof Uint8Array && isKey(owner, bits))
  return known && matches(address, key, tau)
    ? { address: address as Uint8Array, key: key as string | Uint8Array, owner }
    : undefined
}

/** The address must be that of the key */
export function readStore(request: Value, tau: number): StoreRequest | undefined {
  const [address, key, value, said] = Array.isArray(request) ? (request as readonly Value[]) : []

  if (value === undefined || !matches(address, key, tau)) {
    return undefined
  }

  const { version, time, ttl }: { readonly [key: string]: Value } = isMap(said) ? said : {}
  return {
    address: address as Uint8Array,
    key: key as string | Uint8Array,
    value,
    version: count(version),
    time: count(time),
    ttl: ttl === undefined ? undefined : Math.min(1_000 * (count(ttl) ?? 0), MAX_TTL)
  }
}

/** CUSTOM: `{ app, data }` */
export function readCustom(value: Value): { app: string; data: Value } | undefined {
  if (!isMap(value)) {
    return undefined
  }

  const { app, data } = value
  return typeof app === 'string' && data !== undefined ? { app, data } : undefined
}

export function isMap(value: Value | undefined): value is { readonly [key: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

/** Integers from zero up, as versions and times are */
export function count(value: Value | undefined): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/** The value of a payload, or undefined if it is none */
export function tryDecode(payload: Uint8Array): { value: Value } | undefined {
  try {
    return { value: decodeValue(payload) }
  } catch {
    return undefined
  }
}

function isAddress(value: Value | undefined): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_ADDRESS_LENGTH
}

function matches(address: Value | undefined, key: Value | undefined, tau: number): boolean {
  try {
    return address instanceof Uint8Array && sameBytes(address, addressOf(bytesOfKey(key), tau))
  } catch (err) {
    if (err instanceof DecodeError) {
      return false
    }

    throw err
  }
}
