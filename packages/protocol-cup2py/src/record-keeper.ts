/** The address book of a service, and what its engine asks about records: whether they are signed, kept, and held. */
import { BookWriter } from './book-writer.ts'
import { checkRecord } from './dht.ts'
import { InvalidRecordError } from './errors.ts'
import type { Logger } from '@libp2p/interface'
import type { Millis } from '@hearsay/protocol-core/pure'
import type { AddressBook } from './address-book.ts'
import type { Answer, Ask, KnownUser, Verdict } from './contract.ts'
import type { UserRecord } from './record.ts'
import type { RecordVerifier } from './verifier.ts'

export interface RecordKeeperInit {
  book: AddressBook
  verifier: RecordVerifier
  maxClockSkew: Millis
  log: Logger
}

export class RecordKeeper {
  private readonly init: RecordKeeperInit
  private readonly writer: BookWriter

  constructor(init: RecordKeeperInit) {
    this.init = init
    this.writer = new BookWriter(init.book, init.log)
  }

  /** @returns its users, those to forget first first */
  async open(): Promise<KnownUser[]> {
    return this.init.book.open()
  }

  async close(): Promise<void> {
    try {
      await this.writer.flushed()
    } finally {
      await this.init.book.close()
    }
  }

  async get(hash: string): Promise<UserRecord | undefined> {
    return this.init.book.get(hash)
  }

  /** The newest date ever held of a user; empty for one never heard of */
  async floor(hash: string): Promise<string> {
    return (await this.init.book.floor(hash)) ?? ''
  }

  records(): AsyncIterable<UserRecord> | Iterable<UserRecord> {
    return this.init.book.records()
  }

  async setPinned(hash: string, pinned: boolean): Promise<void> {
    await this.writer.flushed()
    await this.init.book.setPinned(hash, pinned)
  }

  /**
   * Until it is kept.
   *
   * @throws {AddressBookError} when it could not be
   */
  async keep(record: UserRecord): Promise<void> {
    this.writer.put({ record, reachedAt: Date.now() })
    await this.writer.flushed()
  }

  /** @throws {AddressBookError} when what the engine wanted kept was not */
  async flushed(): Promise<void> {
    await this.writer.flushed()
  }

  /**
   * Of a record that came outside the network.
   *
   * @throws {InvalidRecordError} when it is not signed, dated in the future, or older than one held before
   */
  async check(record: UserRecord): Promise<void> {
    await checkRecord(record, this.init.verifier, this.init.maxClockSkew)

    if (record.date < (await this.floor(record.hash))) {
      throw new InvalidRecordError(`the record of ${record.hash} is refused: a newer one was held before`)
    }
  }

  /** From the book, which others may have written to: what they would call forged is not passed on */
  async held(hash: string): Promise<UserRecord | undefined> {
    const record = await this.get(hash)
    return record !== undefined && (await this.init.verifier.verify(record)) === 'valid' ? record : undefined
  }

  answer(ask: Ask): Answer | Promise<Answer> {
    switch (ask.type) {
      case 'verify':
        return this.verify(ask)
      case 'fetch':
        return this.held(ask.hash).then((record) => ({ type: 'fetched', peer: ask.peer, record }))
      case 'store':
        this.writer.put(ask, ask.evicted)
        return { type: 'done' }
      case 'remove':
        this.writer.delete([ask.hash])
        return { type: 'done' }
      case 'reached':
        return this.writer
          .flushed()
          .then(async () => this.init.book.setReached(ask.hash, Date.now()))
          .then(() => ({ type: 'done' }))
    }
  }

  /** Answered at once where key and book can: no promise is made for it */
  private verify({ ticket, record }: Extract<Ask, { type: 'verify' }>): Answer | Promise<Answer> {
    const answer = (verdict: Verdict, floor: string | undefined): Answer => ({
      type: 'verified',
      ticket,
      verdict,
      floor,
      wallTime: Date.now()
    })
    // the engine must have its answer: a book that fails lets nothing in
    const failed = (err: unknown): Answer => {
      this.init.log.error('%s not verified - %e', record.hash, err)
      return answer('unsupported', undefined)
    }

    try {
      const [verdict, floor] = [this.init.verifier.verify(record), this.init.book.floor(record.hash)]
      const isThere = typeof verdict === 'string' && (floor === undefined || typeof floor === 'string')
      return isThere ? answer(verdict, floor) : Promise.all([verdict, floor]).then((both) => answer(...both), failed)
    } catch (err) {
      return failed(err)
    }
  }
}
