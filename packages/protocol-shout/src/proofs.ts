/** Whether a value that a node told is what its owner stored: everything that can be checked without trust. */
import { Opcode } from './constants.ts'
import { messageAt, sameBytes } from './message.ts'
import { decodeValue, encodeValue } from './msgpack.ts'
import { count, isMap, readStore } from './payloads.ts'
import type { FoundValue, SignatureCheck } from './contract.ts'
import type { SignedMessage } from './message.ts'
import type { Value } from './msgpack.ts'
import type { StoreRequest } from './payloads.ts'

export interface Claim {
  found: FoundValue
  /** Signatures that have to hold */
  checks: SignatureCheck[]
}

/**
 * @param told - `value, metadata` as in `ACK [10, key, value, metadata]`
 * @returns undefined when it contradicts itself
 */
export function readClaim(
  key: string | Uint8Array,
  [value, metadata]: readonly (Value | undefined)[],
  { beta, tau }: { beta: number; tau: number }
): Claim | undefined {
  if (value === undefined || !isMap(metadata)) {
    return undefined
  }

  const { owner, version, time, ttl, store, open } = metadata
  const stored = readStored(store, key, beta, tau)
  const opened = open === undefined ? undefined : readStored(open, key, beta, tau)
  const [at, when, left] = [count(version), count(time), count(ttl)]

  if (!(owner instanceof Uint8Array) || stored === undefined || at === undefined || when === undefined) {
    return undefined
  } else if (!mayWrite(stored, owner, opened) || !fits(stored.request, value, at)) {
    return undefined
  }

  const messages = [stored, ...(opened === undefined ? [] : [opened])].map(({ message }) => message)
  return {
    found: { value, owner, version: at, time: when, ttl: left ?? 0 },
    checks: messages.map(({ from, signed, signature }) => ({ key: from, data: signed, signature }))
  }
}

interface Stored {
  message: SignedMessage
  request: StoreRequest
}

function readStored(bytes: Value | undefined, key: string | Uint8Array, bits: number, tau: number): Stored | undefined {
  try {
    const message = bytes instanceof Uint8Array ? messageAt(bytes, 0, bits) : undefined

    if (
      message?.opcode !== Opcode.STORE ||
      message.sealed ||
      message.bytes.byteLength !== (bytes as Uint8Array).length
    ) {
      return undefined
    }

    const request = readStore(decodeValue(message.payload), tau)
    return request !== undefined && sameBytes(encodeValue(request.key), encodeValue(key))
      ? { message, request }
      : undefined
  } catch {
    return undefined
  }
}

/** The owner, or one of those the owner opened the key for */
function mayWrite({ message, request }: Stored, owner: Uint8Array, opened: Stored | undefined): boolean {
  if (sameBytes(message.from, owner)) {
    return true
  }

  const { value } = opened?.request ?? {}
  const writers = isMap(value) && value['$op'] === 'open' ? value['writers'] : undefined
  return (
    isMap(request.value) &&
    sameBytes(opened?.message.from ?? new Uint8Array(0), owner) &&
    Array.isArray(writers) &&
    (writers as readonly Value[]).some((each) => each instanceof Uint8Array && sameBytes(each, message.from))
  )
}

/** Whether the STORE makes this value and version; of a patch, only the version can be told */
function fits({ value: stored, version: said }: StoreRequest, value: Value, version: number): boolean {
  const same = (other: Value | undefined): boolean =>
    other !== undefined && sameBytes(encodeValue(other), encodeValue(value))

  if (!isMap(stored) || typeof stored['$op'] !== 'string') {
    return same(stored) && (said === undefined || said === version)
  }

  const next = (count(stored['expect']) ?? Number.NaN) + 1
  return stored['$op'] === 'set'
    ? same(stored['value']) && next === version
    : stored['$op'] !== 'patch' || next === version
}
