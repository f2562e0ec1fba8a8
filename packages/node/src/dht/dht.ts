import { checkRange, InvalidParametersError, withDefaults } from '@hearsay/protocol-core/pure'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { dhtDefaults, dhtRanges, MAX_PENDING } from './constants.ts'
import { Copies } from './copies.ts'
import { openRecord, sha256 } from './digest.ts'
import { BusyError } from './errors.ts'
import { Kad } from './kad.ts'
import { KeyQueue } from './key-queue.ts'
import { Newcomers } from './newcomers.ts'
import { encodeEnvelope, MAX_PAYLOAD_BYTES, signedBytes } from './rules/envelope.ts'
import { MAX_REPLICATION, MAX_TTL, stamp } from './rules/lifetime.ts'
import { bestOf, supersedes } from './rules/order.ts'
import { isQuorum } from './rules/quorum.ts'
import { KEY_BYTES, ownedKey, plainKey } from './rules/record-key.ts'
import { isPayload } from './rules/sealed.ts'
import { SharedTasks } from './shared-tasks.ts'
import { Slots } from './slots.ts'
import type { AbortOptions, Libp2p, PrivateKey, PublicKey } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import type { DhtConfig } from './constants.ts'
import type { DhtValue, GetOptions, PutOptions, Receipt } from './contract.ts'
import type { Content } from './rules/envelope.ts'
import type { Placed } from './rules/placement.ts'
import type { Sealed } from './rules/sealed.ts'
import type { DhtStorage } from './storage.ts'

export interface DhtComponents {
  libp2p: Libp2p
  /** With the validators, the selectors and the datastore of the storage */
  kadDht: KadDHT
  storage: DhtStorage
  privateKey: PrivateKey
}

/**
 * Values on kad-dht, by keys of 32 bytes: with a lifetime, so many copies, and no way back.
 *
 * @see docs/specs/dht.md
 */
export class Dht {
  private readonly config: DhtConfig
  private readonly storage: DhtStorage
  private readonly privateKey: PrivateKey
  private readonly kad: Kad
  private readonly copies: Copies
  private readonly newcomers: Newcomers
  private readonly ownPlace: Uint8Array
  private readonly queue = new KeyQueue()
  private readonly walks = new SharedTasks<Sealed[]>()
  private readonly slots: Slots
  private readonly stopped = new AbortController()
  private pending = 0

  /** @throws {InvalidParametersError} when an option is out of range */
  constructor({ libp2p, kadDht, storage, privateKey }: DhtComponents, init: Partial<DhtConfig> = {}) {
    this.config = withDefaults(dhtDefaults, init, dhtRanges)
    this.storage = storage
    this.privateKey = privateKey
    this.kad = new Kad(libp2p, kadDht)
    const { peerTimeout, joinTimeout, quietTime } = this.config
    this.copies = new Copies({ kad: this.kad, storage, peerId: libp2p.peerId, peerTimeout, joinTimeout, quietTime })
    this.slots = new Slots(this.config.concurrency)
    this.newcomers = new Newcomers(libp2p, this.kad)
    this.ownPlace = libp2p.peerId.toMultihash().bytes
  }

  start(): void {
    this.storage.own.start((key) => void this.refresh(key).catch(() => this.storage.own.placed(key, false)))
    this.kad.addPeerListener(this.onPeer)
    this.newcomers.start()
  }

  /** What is under way ends with what it has */
  stop(): void {
    this.stopped.abort()
    this.storage.own.stop()
    this.kad.removePeerListener(this.onPeer)
    this.newcomers.stop()
  }

  /**
   * Resolves once the copies were made and read back, or no further peer is there to try. Puts of one key happen one
   * after another.
   *
   * @throws {InvalidParametersError} when the key has not 32 bytes, or the value not 1 to 65,495
   * @throws {BusyError} when too much is under way
   */
  async put(key: Uint8Array, value: Uint8Array, options: PutOptions = {}): Promise<Receipt> {
    const { ttl, replication } = this.granted(options)

    if (!isPayload(value)) {
      throw new InvalidParametersError('value', `must have 1 to ${MAX_PAYLOAD_BYTES} bytes`)
    }

    const recordKey = this.recordKey(key, options.owned === true ? this.privateKey.publicKey : undefined)
    const task = async (): Promise<Receipt> => {
      const signal = this.signal(this.config.putTimeout, options)
      const { bytes, record } = await this.issue(recordKey, value, { ttl, replication })
      const placed = await this.copies.place(recordKey, bytes, replication, signal)
      this.storage.own.placed(recordKey, placed.verified.length >= replication)
      this.walks.leave(textOf(recordKey))
      return receipt(record, placed)
    }
    return this.counted(async () => this.queue.run(textOf(recordKey), async () => this.slots.run(task)))
  }

  /**
   * The value that wins among those found; undefined when none was, within 10 s. Waits for this node's own puts of the
   * key.
   *
   * @throws {InvalidParametersError} when the key has not 32 bytes
   * @throws {BusyError} when too much is under way
   */
  async get(key: Uint8Array, options: GetOptions = {}): Promise<Uint8Array | undefined> {
    const records = await this.read(key, options)
    return records.length === 0 ? undefined : records[bestOf(records)]!.envelope.payload
  }

  /** All different values that a walk saw, the one that wins first. It throws as `get` does */
  async getAll(key: Uint8Array, options: GetOptions = {}): Promise<DhtValue[]> {
    const records = await this.read(key, options)
    const different = new Map(records.map((record) => [record.digest, record]))
    return [...different.values()].toSorted((a, b) => (supersedes(a, b) ? -1 : 1)).map(valueOf)
  }

  private readonly onPeer = (): void => {
    if (this.kad.peerCount === 1) {
      void this.lookAround()
    }
  }

  /** After a first peer came: who else is near, and what waited for others */
  private async lookAround(): Promise<void> {
    const { getTimeout, quietTime } = this.config
    await this.kad.closest(this.ownPlace, { signal: this.signal(getTimeout), quietTime })
    this.storage.own.hurry()
  }

  /** What a walk finds, once our own puts of that key are over */
  private async read(key: Uint8Array, options: GetOptions): Promise<Sealed[]> {
    const owner = options.owned === true ? this.privateKey.publicKey : options.owner
    const recordKey = this.recordKey(key, owner)
    const signal = this.signal(this.config.getTimeout, options)
    return this.counted(async () => {
      // a put that takes long must leave time for the walk
      await until(this.queue.idle(textOf(recordKey)), this.signal(this.config.getTimeout / 2, options))
      const walk = this.walks.join(textOf(recordKey), async () => this.slots.run(async () => this.walk(recordKey)))
      return (await until(walk, signal)) ?? []
    })
  }

  private async walk(recordKey: Uint8Array): Promise<Sealed[]> {
    const found: Sealed[] = []
    const onValue = (value: Uint8Array): boolean => {
      found.push(openRecord(recordKey, value))
      return isQuorum(found)
    }

    if (this.kad.isAlone) {
      const value = await this.copies.local(recordKey)
      return value === undefined ? [] : [openRecord(recordKey, value)]
    }

    const { getTimeout, joinTimeout, settleTime } = this.config
    const options = { signal: this.signal(getTimeout), onValue, settleTime }
    await this.kad.firstPeer(AbortSignal.any([options.signal, AbortSignal.timeout(joinTimeout)]))
    const isComplete = await this.kad.walk(recordKey, options)

    if (found.length === 0 && !isComplete && !options.signal.aborted) {
      // those who have it may be among those who did not answer
      await this.kad.walk(recordKey, options)
    }

    return found
  }

  /** Makes a value, and has its sequence, its floor and itself stored before anybody else has it */
  private async issue(
    key: Uint8Array,
    payload: Uint8Array,
    { ttl, replication }: { ttl: number; replication: number }
  ): Promise<{ bytes: Uint8Array; record: Sealed }> {
    const { own, rules } = this.storage
    const now = Date.now()
    const content: Content = {
      ...stamp(now, own.lastSequence, rules.latestIssuedAt(textOf(key))),
      expiresAt: now + ttl * 1_000,
      replication,
      owner: publicKeyToProtobuf(this.privateKey.publicKey),
      payload
    }
    own.reserve(content.sequence)
    const signature = await this.privateKey.sign(signedBytes(key, content))
    const bytes = encodeEnvelope({ ...content, signature })
    const record = await rules.accept(key, bytes)
    await own.save(key, bytes, record)
    return { bytes, record }
  }

  /** Places a value of ours again, unless another has won meanwhile */
  private async refresh(key: Uint8Array): Promise<void> {
    await this.queue.run(textOf(key), async () =>
      this.slots.run(async () => {
        const { own } = this.storage
        const value = await own.get(key)

        if (value === undefined || this.stopped.signal.aborted) {
          return
        }

        const record = openRecord(key, value)
        const seen = await this.walk(key)

        if (seen.some((other) => supersedes(other, record))) {
          return own.forget(key)
        }

        const { replication } = record.envelope
        const placed = await this.copies.place(key, value, replication, this.signal(this.config.putTimeout))
        own.placed(key, placed.verified.length >= replication)
      })
    )
  }

  private async counted<T>(task: () => Promise<T>): Promise<T> {
    if (this.pending >= MAX_PENDING) {
      throw new BusyError(`${this.pending} puts and gets are under way: wait for some of them to end`)
    }

    this.pending++

    try {
      return await task()
    } finally {
      this.pending--
    }
  }

  private granted({ ttl = 0, replication = 0 }: PutOptions): { ttl: number; replication: number } {
    const { defaultTtl, defaultReplication } = this.config
    checkRange('ttl', ttl, [0, Number.MAX_SAFE_INTEGER])
    checkRange('replication', replication, [0, Number.MAX_SAFE_INTEGER])
    return {
      ttl: Math.min(ttl === 0 ? defaultTtl : ttl, MAX_TTL / 1_000),
      replication: Math.min(replication === 0 ? defaultReplication : replication, MAX_REPLICATION)
    }
  }

  private recordKey(key: Uint8Array, owner: PublicKey | undefined): Uint8Array {
    if (!(key instanceof Uint8Array) || key.byteLength !== KEY_BYTES) {
      throw new InvalidParametersError('key', `must be ${KEY_BYTES} bytes, such as the SHA-256 of a name`)
    }

    return owner === undefined ? plainKey(key) : ownedKey(sha256(publicKeyToProtobuf(owner)), key)
  }

  private signal(timeout: number, { signal }: AbortOptions = {}): AbortSignal {
    const ends = [this.stopped.signal, AbortSignal.timeout(timeout)]
    return AbortSignal.any(signal === undefined ? ends : [...ends, signal])
  }
}

function receipt({ envelope }: Sealed, { stored, verified }: Placed<string>): Receipt {
  const { issuedAt, expiresAt, replication, sequence } = envelope
  return {
    ttl: Math.round((expiresAt - issuedAt) / 1_000),
    expiresAt,
    sequence,
    replication,
    storedOn: stored,
    verifiedOn: verified
  }
}

function valueOf({ envelope, recordKey }: Sealed): DhtValue {
  const { payload: value, owner, issuedAt, expiresAt, sequence, replication } = envelope
  return { value, owner, isOwned: recordKey.owner !== undefined, issuedAt, expiresAt, sequence, replication }
}

/** @returns undefined when the signal came first */
async function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>()
  const onAbort = (): void => late.resolve(undefined)
  signal.addEventListener('abort', onAbort, { once: true })

  try {
    return signal.aborted ? undefined : await Promise.race([promise, late.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function textOf(key: Uint8Array): string {
  return new TextDecoder().decode(key)
}
