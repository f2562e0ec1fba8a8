import { Key } from 'interface-datastore'
import type { Logger } from '@libp2p/interface'
import type { Datastore } from 'interface-datastore'

const PREFIX = '/hearsay/shout/seen'
const DIGEST_BYTES = 16
const HEADER_BYTES = 8
/** Digests of one record */
const CHUNK = 1_024
/** What is new is written after this time, in ms */
const WRITE_EVERY = 1_000

/**
 * Digests of seen signatures over restarts: a ring of records in the datastore, the oldest overwritten. At a crash, those
 * of the last second are forgotten, fewer than one record holds, and what the datastore had not taken.
 */
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
  /** Records the datastore was not given yet, by their place. BOUNDED by the ring */
  private readonly unwritten = new Map<number, Uint8Array>()
  private writing: Promise<void> | undefined

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

  /** One record after the other, however slow the datastore is */
  private async putAll(): Promise<void> {
    for (const [place, record] of this.unwritten) {
      this.unwritten.delete(place)

      try {
        await this.datastore.put(new Key(`${PREFIX}/${place}`), record)
      } catch (err) {
        this.log.error('what was seen cannot be written - %e', err)
      }
    }

    this.writing = undefined
  }

  private write(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const record = new Uint8Array(HEADER_BYTES + this.count * DIGEST_BYTES)
    const view = new DataView(record.buffer)
    view.setUint32(0, this.sequence)
    view.setUint32(4, this.offset)
    record.set(this.chunk.subarray(0, this.count * DIGEST_BYTES), HEADER_BYTES)
    this.unwritten.set(this.sequence % this.chunks, record)
    this.writing ??= this.putAll()
  }
}
