import type { Logger } from '@libp2p/interface'
import type { AddressBook, Awaitable, BookEntry } from './address-book.ts'

/** First what is put, then what is deleted: nothing that was put again after it had been deleted */
interface Batch {
  puts: BookEntry[]
  deletes: Set<string>
}

/** Writes to a book in the order they were asked for, those of one tick together. */
export class BookWriter {
  private readonly book: AddressBook
  private readonly log: Logger
  /** BOUNDED by what comes in while one write runs */
  private readonly batches: Batch[] = []
  private running: Promise<void> | undefined

  constructor(book: AddressBook, log: Logger) {
    this.book = book
    this.log = log
  }

  put(entry: BookEntry, evicted: readonly string[] = []): void {
    this.batch((batch) => !batch.deletes.has(entry.record.hash)).puts.push(entry)
    this.delete(evicted)
  }

  delete(hashes: readonly string[]): void {
    const { deletes } = this.batch(() => true)
    hashes.forEach((hash) => deletes.add(hash))
    void this.flushed().catch((err: unknown) => this.log.error('the address book lost a write - %e', err))
  }

  /**
   * After all that was asked for was written.
   *
   * @throws {AddressBookError} when it was not
   */
  async flushed(): Promise<void> {
    this.running ??= Promise.resolve().then(async () => this.write())
    await this.running
  }

  /** The last one, or another if that does not fit */
  private batch(fits: (batch: Batch) => boolean): Batch {
    const last = this.batches.at(-1)

    if (last !== undefined && fits(last)) {
      return last
    }

    const batch = { puts: [], deletes: new Set<string>() }
    this.batches.push(batch)
    return batch
  }

  private async write(): Promise<void> {
    try {
      for (let batch = this.batches.shift(); batch !== undefined; batch = this.batches.shift()) {
        await write(batch.puts, (entries) => this.book.put(entries))
        await write([...batch.deletes], (hashes) => this.book.delete(hashes))
      }
    } finally {
      // at once: what is asked for from now on is another write's
      this.running = undefined
    }
  }
}

async function write<T>(all: readonly T[], change: (all: readonly T[]) => Awaitable<void>): Promise<void> {
  if (all.length > 0) {
    await change(all)
  }
}
