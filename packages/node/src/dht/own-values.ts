import { BoundedMap, Timers } from '@hearsay/protocol-core/pure'
import { Record } from '@libp2p/kad-dht'
import { Key } from 'interface-datastore'
import { Alarm } from './alarm.ts'
import { OWN_PREFIX, SEQUENCE_KEY } from './constants.ts'
import { openRecord } from './digest.ts'
import { toBase32 } from './rules/base32.ts'
import { nextRefresh, nextRetry } from './rules/lifetime.ts'
import type { Datastore } from 'interface-datastore'
import type { Sealed } from './rules/sealed.ts'

interface Own {
  key: Uint8Array
  issuedAt: number
  expiresAt: number
  /** Attempts in a row that made too few copies */
  failures: number
}

/**
 * The values that this node put, until they expire: which to place again, and when. And the last sequence it gave.
 *
 * @see docs/specs/dht.md#refresh
 */
export class OwnValues {
  private readonly datastore: Datastore
  /** BOUNDED by max: the value put first is placed no more */
  private readonly values: BoundedMap<string, Own>
  private readonly due = new Timers()
  private readonly alarm = new Alarm(() => this.ring())
  private onDue: ((key: Uint8Array) => void) | undefined
  private sequence = 0

  private constructor(datastore: Datastore, max: number) {
    this.datastore = datastore
    this.values = new BoundedMap(max)
  }

  static async open(datastore: Datastore, max: number): Promise<OwnValues> {
    const own = new OwnValues(datastore, max)
    own.sequence = await own.loadSequence()

    for await (const { key: row, value } of datastore.query({ prefix: `${OWN_PREFIX}/` })) {
      await own.load(row, value)
    }

    return own
  }

  /** The highest that was given, for any key */
  get lastSequence(): number {
    return this.sequence
  }

  /** No later value gets this sequence or a lower one, as long as the process lives */
  reserve(sequence: number): void {
    this.sequence = Math.max(this.sequence, sequence)
  }

  /** When this resolves, no later value gets this sequence or a lower one, and the value outlives a restart */
  async save(key: Uint8Array, value: Uint8Array, record: Sealed): Promise<void> {
    this.reserve(record.envelope.sequence)
    await this.datastore.put(new Key(SEQUENCE_KEY), new TextEncoder().encode(String(this.sequence)))
    await this.datastore.put(rowOf(key), new Record(key, value, new Date()).serialize().slice())
    const gone = this.hold(key, record)

    if (gone !== undefined) {
      await this.forget(gone)
    }
  }

  /** After an attempt to place a value: when the next one is */
  placed(key: Uint8Array, isComplete: boolean): void {
    const text = textOf(key)
    const own = this.values.get(text)

    if (own !== undefined) {
      own.failures = isComplete ? 0 : own.failures + 1
      const now = Date.now()
      const next = isComplete ? nextRefresh(own, now) : nextRetry(own, own.failures, now)
      this.due.arm(text, next ?? own.expiresAt)
      this.arm()
    }
  }

  /** Those with too few copies are due soon: somebody came who may take one */
  hurry(): void {
    const now = Date.now()

    for (const [text, own] of this.values) {
      if (own.failures > 0) {
        own.failures = 1
        this.due.arm(text, nextRetry(own, 1, now) ?? own.expiresAt)
      }
    }

    this.arm()
  }

  /** Places it no more */
  async forget(key: Uint8Array): Promise<void> {
    this.values.delete(textOf(key))
    this.due.disarm(textOf(key))
    await this.datastore.delete(rowOf(key))
  }

  /** A value of ours that has not expired, and is still to be placed */
  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const own = this.values.get(textOf(key))
    return own === undefined || own.expiresAt <= Date.now()
      ? undefined
      : Record.deserialize(await this.datastore.get(rowOf(key))).value
  }

  /** From now on, the keys of values that are due are told; `placed` or `forget` then says what came of it */
  start(onDue: (key: Uint8Array) => void): void {
    this.onDue = onDue
    this.arm()
  }

  stop(): void {
    this.onDue = undefined
    this.alarm.set(undefined)
  }

  private hold(key: Uint8Array, { envelope }: Sealed): Uint8Array | undefined {
    const { issuedAt, expiresAt } = envelope
    const gone = this.values.set(textOf(key), { key, issuedAt, expiresAt, failures: 0 })
    this.due.arm(textOf(key), nextRefresh(envelope, Date.now()) ?? expiresAt)
    this.arm()
    return gone?.[1].key
  }

  private arm(): void {
    this.alarm.set(this.onDue === undefined ? undefined : this.due.next())
  }

  private ring(): void {
    const now = Date.now()

    for (let text = this.due.takeDue(now); text !== undefined; text = this.due.takeDue(now)) {
      const own = this.values.get(text)

      if (own !== undefined && own.expiresAt <= now) {
        // a row that cannot be deleted now is when it is loaded
        void this.forget(own.key).catch(() => {})
      } else if (own !== undefined) {
        this.due.arm(text, own.expiresAt)
        this.onDue?.(own.key)
      }
    }

    this.arm()
  }

  private async load(row: Key, bytes: Uint8Array): Promise<void> {
    try {
      const { key, value } = Record.deserialize(bytes)
      const record = openRecord(key, value)
      this.reserve(record.envelope.sequence)
      const gone = record.envelope.expiresAt <= Date.now() ? key : this.hold(key, record)

      if (gone !== undefined) {
        await this.forget(gone)
      }
    } catch {
      // of another version, or damaged
      await this.datastore.delete(row)
    }
  }

  private async loadSequence(): Promise<number> {
    const bytes = await Promise.resolve()
      .then(async () => this.datastore.get(new Key(SEQUENCE_KEY)))
      .catch(() => new Uint8Array())
    const sequence = Number(new TextDecoder().decode(bytes))
    return Number.isSafeInteger(sequence) ? sequence : 0
  }
}

function rowOf(key: Uint8Array): Key {
  return new Key(`${OWN_PREFIX}/${toBase32(key)}`, false)
}

function textOf(key: Uint8Array): string {
  return new TextDecoder().decode(key)
}
