import { Key } from 'interface-datastore'
import type { Logger } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

const PREFIX = '/hearsay/shout/seen'
const DIGEST_BYTES = 16
const HEADER_BYTES = 8
/** Digests of one record */
const CHUNK = 1_024
/** What is new is written after this time, in ms: so much is forgotten at a crash */
const WRITE_EVERY = 1_000

/** Digests of seen signatures over restarts: a ring of records in the datastore, the oldest overwritten. */
export class SeenLog {
  private readonly datastore: Datastore
  private readonly log: Logger
  private readonly chunks: number
  /** Digests of the record being filled. BOUNDED by CHUNK */
  private chunk = new Uint8Array(CHUNK * DIGEST_BYTES)
  private count = 0
  private sequence = 0
  private offset = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private writing: Promise<void> = Promise.resolve()

  /** @param size - digests kept, at least */
  constructor(datastore: Datastore, size: number, log: Logger) {
    this.datastore = datastore
    this.log = log
    this.chunks = Math.ceil(size / CHUNK) + 1
  }

  /** What was written, oldest first; an offset only if there is anything. What cannot be read is as if it were not there */
  async read(): Promise<{ offset: number | undefined; digests: Uint32Array[] }> {
    const records: { sequence: number; offset: number; digests: Uint32Array[] }[] = []

    try {
      for await (const { value } of this.datastore.query({ prefix: PREFIX })) {
        const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
        const digests = Array.from({ length: Math.floor((value.byteLength - HEADER_BYTES) / DIGEST_BYTES) }, (_, i) =>
          Uint32Array.from({ length: 4 }, (_word, w) => view.getUint32(HEADER_BYTES + i * DIGEST_BYTES + 4 * w))
        )
        records.push({ sequence: view.getUint32(0), offset: view.getUint32(4), digests })
      }
    } catch (err) {
      this.log.error('what was seen before cannot be read - %e', err)
    }

    const sorted = records.toSorted((a, b) => a.sequence - b.sequence)
    const offset = sorted.at(-1)?.offset
    this.sequence = (sorted.at(-1)?.sequence ?? -1) + 1
    this.count = 0
    return { offset, digests: sorted.filter((each) => each.offset === offset).flatMap(({ digests }) => digests) }
  }

  /** @param offset - where in a signature digests are taken from */
  start(offset: number): void {
    this.offset = offset
  }

  add(digest: Uint32Array): void {
    const view = new DataView(this.chunk.buffer, this.count * DIGEST_BYTES)
    digest.forEach((word, i) => view.setUint32(4 * i, word))
    this.count++

    if (this.count === CHUNK) {
      this.write()
      this.sequence++
      this.count = 0
      this.chunk = new Uint8Array(CHUNK * DIGEST_BYTES)
    } else {
      this.timer ??= setTimeout(() => this.write(), WRITE_EVERY)
    }
  }

  /** Everything is written then */
  async stop(): Promise<void> {
    if (this.count > 0) {
      this.write()
    }

    clearTimeout(this.timer)
    this.timer = undefined
    return this.writing
  }

  private async put(key: Key, record: Uint8Array, before: Promise<void>): Promise<void> {
    try {
      await before
      await this.datastore.put(key, record)
    } catch (err) {
      this.log.error('what was seen cannot be written - %e', err)
    }
  }

  private write(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const record = new Uint8Array(HEADER_BYTES + this.count * DIGEST_BYTES)
    const view = new DataView(record.buffer)
    view.setUint32(0, this.sequence)
    view.setUint32(4, this.offset)
    record.set(this.chunk.subarray(0, this.count * DIGEST_BYTES), HEADER_BYTES)
    const key = new Key(`${PREFIX}/${this.sequence % this.chunks}`)
    this.writing = this.put(key, record, this.writing)
  }
}
