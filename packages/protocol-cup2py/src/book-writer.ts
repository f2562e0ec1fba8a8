import type { Logger } from '@libp2p/interface'
import type { AddressBook, Awaitable, BookEntry } from './address-book.ts'

/** Writes to a book in the order they were asked for, those of one tick together. */
export class BookWriter {
  private readonly book: AddressBook
  private readonly log: Logger
  /** BOUNDED by what comes in while one write runs */
  private puts: BookEntry[] = []
  private deletes: string[] = []
  private running: Promise<void> | undefined

  constructor(book: AddressBook, log: Logger) {
    this.book = book
    this.log = log
  }

  put(entry: BookEntry, evicted: readonly string[] = []): void {
    this.puts.push(entry)
    this.delete(evicted)
  }

  delete(hashes: readonly string[]): void {
    this.deletes.push(...hashes)
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

  private async write(): Promise<void> {
    try {
      while (this.puts.length + this.deletes.length > 0) {
        const [puts, deletes] = [this.puts, this.deletes]
        this.puts = []
        this.deletes = []
        await write(puts, (entries) => this.book.put(entries))
        await write(deletes, (hashes) => this.book.delete(hashes))
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
