/**
 * Values kept for others, and the rules by which they change.
 *
 * @see docs/specs/shout.md#values-in-the-table
 */
import { toHex } from '@hearsay/protocol-core/pure'
import {
  MAX_LISTED,
  MAX_LOCK,
  MAX_PIECES,
  MAX_SKEW,
  MAX_STORED_BYTES,
  MAX_TTL,
  MAX_VALUE_BYTES,
  MAX_WRITERS
} from './constants.ts'
import { bytesOfKey } from './distance.ts'
import { isKey } from './message.ts'
import { decodeValue, encodeValue } from './msgpack.ts'
import { patch } from './patch.ts'
import { count, isMap } from './payloads.ts'
import type { Millis } from '@hearsay/protocol-core/pure'
import type { Value } from './msgpack.ts'
import type { StoreRequest } from './payloads.ts'

/** What was stored, by whom, and how long it stays. */
export interface StoredValue {
  key: string | Uint8Array
  /** DER */
  owner: Uint8Array
  value: Value
  version: number
  /** ms since 1970 */
  time: number
  until: Millis
  /** The signed STORE that made it what it is */
  store: Uint8Array
  signature: Uint8Array
  bytes: number
  /** Others who may write, hexadecimal, and the signed STORE that says so. BOUNDED by MAX_WRITERS */
  opened: { writers: Set<string>; store: Uint8Array; bytes: number } | undefined
  lock: { by: string; until: Millis } | undefined
}

/** Why a write was refused, and the version that is stored */
export interface Refusal {
  reason: 'too large' | 'time' | 'full' | 'version' | 'not open' | 'locked' | 'malformed' | 'not patchable'
  version: number
}

/** A write, as it arrived */
export interface Write {
  request: StoreRequest
  /** DER */
  from: Uint8Array
  store: Uint8Array
  signature: Uint8Array
}

export interface ValuesConfig {
  beta: number
  maxValues: number
  maxValuesPerOwner: number
  valueTtl: Millis
}

export interface Clock {
  now: Millis
  wallTime: number
}

type Op = { readonly [key: string]: Value }
type Owners = Map<string, StoredValue>

export class Values {
  private readonly config: ValuesConfig
  private readonly clock: Clock
  /** By key and owner, hexadecimal. BOUNDED by maxValues and MAX_STORED_BYTES */
  private readonly byKey = new Map<string, Owners>()
  /** Values of each owner. BOUNDED as the values */
  private readonly counts = new Map<string, number>()
  private size = 0
  private bytes = 0

  constructor(config: ValuesConfig, clock: Clock) {
    this.config = config
    this.clock = clock
  }

  /** The newest by version and time, or that of one owner */
  get(key: string | Uint8Array, owner?: Uint8Array): StoredValue | undefined {
    return owner === undefined ? this.list(key)[0] : this.of(key, toHex(owner))
  }

  /** Those of all owners, the newest first */
  list(key: string | Uint8Array): StoredValue[] {
    return [...(this.byKey.get(toHex(bytesOfKey(key)))?.values() ?? [])]
      .filter(({ until }) => until > this.clock.now)
      .toSorted((a, b) => b.version - a.version || b.time - a.time)
      .slice(0, MAX_LISTED)
  }

  /** @returns what is stored now, or why it is not */
  put(write: Write): StoredValue | Refusal {
    const { request, store } = write
    const op = isMap(request.value) && typeof request.value['$op'] === 'string' ? request.value : undefined
    const owner = op === undefined ? write.from : this.ownerOf(write, op)
    const current = this.of(request.key, toHex(owner))
    const refuse = (reason: Refusal['reason']): Refusal => ({ reason, version: current?.version ?? 0 })
    const by = toHex(write.from)

    if (store.byteLength > 2 * MAX_VALUE_BYTES || encodeValue(request.value).byteLength > MAX_VALUE_BYTES) {
      return refuse('too large')
    } else if ((request.time ?? 0) > this.clock.wallTime + MAX_SKEW) {
      return refuse('time')
    } else if (by !== toHex(owner) && current?.opened?.writers.has(by) !== true) {
      return refuse('not open')
    } else if (isLocked(current, by, this.clock.now) && op?.['$op'] !== 'unlock') {
      return refuse('locked')
    }

    const next = op === undefined ? this.plain(write, current) : this.operate(write, op, owner, current)
    return typeof next === 'string' ? refuse(next) : this.keep(next)
  }

  /** What a node tells with a value */
  metadata({ owner, signature, time, until, version, store, opened }: StoredValue): Value {
    const ttl = Math.max(0, Math.floor((until - this.clock.now) / 1_000))
    return { owner, signature, time, ttl, version, store, ...(opened === undefined ? {} : { open: opened.store }) }
  }

  /** Whose value an operation is about: as it says, else the writer's own, else the one that is open to the writer */
  private ownerOf({ request, from }: Write, op: Op): Uint8Array {
    const { owner } = op

    if (owner instanceof Uint8Array && isKey(owner, this.config.beta)) {
      return owner
    }

    const by = toHex(from)
    const open = this.list(request.key).find(({ opened }) => opened?.writers.has(by) === true)
    return this.of(request.key, by) === undefined && open !== undefined ? open.owner : from
  }

  private plain(write: Write, current: StoredValue | undefined): StoredValue | Refusal['reason'] {
    const version = write.request.version ?? (current?.version ?? 0) + 1
    return version > (current?.version ?? -1) ? this.entry(write, write.request.value, version, current) : 'version'
  }

  private operate(
    write: Write,
    op: Op,
    owner: Uint8Array,
    current: StoredValue | undefined
  ): StoredValue | Refusal['reason'] {
    switch (op['$op']) {
      case 'open':
        return toHex(write.from) === toHex(owner) ? this.open(write, op, current) : 'not open'
      case 'lock':
      case 'unlock':
        return this.lock(write, op, current)
      case 'set':
        return this.set(write, op, owner, current)
      case 'patch':
        return this.patch(write, op, current)
      default:
        return 'malformed'
    }
  }

  private open(
    write: Write,
    { writers, value }: Op,
    current: StoredValue | undefined
  ): StoredValue | Refusal['reason'] {
    const list = Array.isArray(writers) ? (writers as readonly Value[]) : []
    const keys = list.filter((each): each is Uint8Array => each instanceof Uint8Array && isKey(each, this.config.beta))

    if (!Array.isArray(writers) || keys.length !== list.length || keys.length > MAX_WRITERS) {
      return 'malformed'
    }

    const version = write.request.version ?? (current?.version ?? 0) + 1
    const { store } = write
    // hexadecimal, a writer takes up twice what it does in the STORE
    const opened = { writers: new Set(keys.map(toHex)), store: new Uint8Array(store), bytes: 3 * store.byteLength }
    const next = this.entry(write, value ?? current?.value ?? null, version, current)
    return version > (current?.version ?? -1) ? { ...next, opened } : 'version'
  }

  private lock(write: Write, op: Op, current: StoredValue | undefined): StoredValue | Refusal['reason'] {
    const [by, until] = [toHex(write.from), count(op['until'])]

    if (op['$op'] === 'unlock') {
      const { lock, owner } = current ?? {}
      const may = lock === undefined || lock.by === by || toHex(owner!) === by
      return current === undefined ? 'malformed' : may ? { ...current, lock: undefined } : 'locked'
    } else if (until === undefined) {
      return 'malformed'
    }

    const time = Math.min(Math.max(0, until - this.clock.wallTime), MAX_LOCK)
    const base = current ?? this.entry(write, null, 0, undefined)
    return { ...base, lock: { by, until: this.clock.now + time } }
  }

  /** A replica that missed a write catches up: `expect` may be ahead of it, never behind */
  private set(
    write: Write,
    op: Op,
    owner: Uint8Array,
    current: StoredValue | undefined
  ): StoredValue | Refusal['reason'] {
    const [expect, { value }] = [count(op['expect']), op]

    if (expect === undefined || value === undefined) {
      return 'malformed'
    }

    const next = { ...this.entry(write, value, expect + 1, current), owner }
    return expect >= (current?.version ?? 0) ? next : 'version'
  }

  private patch(write: Write, op: Op, current: StoredValue | undefined): StoredValue | Refusal['reason'] {
    const [expect, diff] = [count(op['expect']), op['diff']]

    if (expect === undefined || !Array.isArray(diff) || diff.length > MAX_PIECES) {
      return 'malformed'
    } else if (current === undefined || current.version !== expect) {
      return 'version'
    }

    const value = patch(current.value, diff as readonly Value[], MAX_VALUE_BYTES)
    return value === undefined ? 'not patchable' : this.entry(write, value, expect + 1, current)
  }

  /** @param value - copied, as it outlives the chunk it came in */
  private entry(
    { request, from, store, signature }: Write,
    value: Value,
    version: number,
    current: StoredValue | undefined
  ): StoredValue {
    const { now, wallTime } = this.clock
    const ttl = Math.min(request.ttl ?? this.config.valueTtl, MAX_TTL)
    const encoded = encodeValue(value)
    return {
      key: request.key,
      owner: current?.owner ?? new Uint8Array(from),
      value: decodeValue(encoded),
      version,
      time: request.time ?? wallTime,
      until: now + ttl,
      store: new Uint8Array(store),
      signature: new Uint8Array(signature),
      bytes: encoded.byteLength + store.byteLength,
      opened: current?.opened,
      lock: current?.lock
    }
  }

  private keep(next: StoredValue): StoredValue | Refusal {
    const owner = toHex(next.owner)

    if (!this.hasRoom(next, owner)) {
      this.sweep()

      if (!this.hasRoom(next, owner)) {
        return { reason: 'full', version: this.of(next.key, owner)?.version ?? 0 }
      }
    }

    const key = toHex(bytesOfKey(next.key))
    const before = this.byKey.get(key)?.get(owner)

    if (before !== undefined) {
      this.drop(before)
    }

    const owners: Owners = this.byKey.get(key) ?? new Map<string, StoredValue>()
    this.byKey.set(key, owners.set(owner, next))
    this.counts.set(owner, (this.counts.get(owner) ?? 0) + 1)
    this.size++
    this.bytes += bytesOf(next)
    return next
  }

  /** In place of what is there, if there is anything */
  private hasRoom(next: StoredValue, owner: string): boolean {
    const { maxValues, maxValuesPerOwner } = this.config
    const before = this.byKey.get(toHex(bytesOfKey(next.key)))?.get(owner)
    const isFull = this.size >= maxValues || (this.counts.get(owner) ?? 0) >= maxValuesPerOwner
    const more = bytesOf(next) - (before === undefined ? 0 : bytesOf(before))
    return (before !== undefined || !isFull) && (more <= 0 || this.bytes + more <= MAX_STORED_BYTES)
  }

  private sweep(): void {
    for (const owners of this.byKey.values()) {
      for (const value of owners.values()) {
        if (value.until <= this.clock.now) {
          this.drop(value)
        }
      }
    }
  }

  private drop(value: StoredValue): void {
    const [key, owner] = [toHex(bytesOfKey(value.key)), toHex(value.owner)]
    const owners = this.byKey.get(key)

    if (owners?.delete(owner) === true) {
      const left = this.counts.get(owner)! - 1
      this.size--
      this.bytes -= bytesOf(value)

      if (owners.size === 0) {
        this.byKey.delete(key)
      }

      if (left === 0) {
        this.counts.delete(owner)
      } else {
        this.counts.set(owner, left)
      }
    }
  }

  private of(key: string | Uint8Array, owner: string): StoredValue | undefined {
    const value = this.byKey.get(toHex(bytesOfKey(key)))?.get(owner)
    return value !== undefined && value.until > this.clock.now ? value : undefined
  }
}

function bytesOf({ bytes, opened }: StoredValue): number {
  return bytes + (opened?.bytes ?? 0)
}

function isLocked(current: StoredValue | undefined, by: string, now: Millis): boolean {
  return current?.lock !== undefined && current.lock.by !== by && current.lock.until > now
}
