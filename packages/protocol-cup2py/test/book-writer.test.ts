import { logger } from '@libp2p/logger'
import { MemoryBook, RecordVerifier } from '@hearsay/protocol-cup2py'
import { expect, it, vi } from 'vitest'
import { BookWriter } from '../src/book-writer.ts'
import { RecordKeeper } from '../src/record-keeper.ts'
import { unsignedUser as unsigned } from './unsigned-user.ts'

it('a user that is deleted and put again before the book has heard of it is there, without its pin', async () => {
  const [alice, bob] = [unsigned('alice'), unsigned('bob')]
  const book = new MemoryBook()
  const writer = new BookWriter(book, logger('test'))
  book.put([{ record: alice, reachedAt: 5 }])
  book.setPinned(alice.hash, true)
  writer.put({ record: bob, reachedAt: 0 }, [alice.hash])
  writer.put({ record: alice, reachedAt: 0 }, [bob.hash])
  await writer.flushed()
  expect(book.open()).toMatchObject([{ hash: alice.hash, reachedAt: 0, pinned: false }])
})

it('a book that fails is closed all the same', async () => {
  const book = new MemoryBook()
  const close = vi.spyOn(book, 'close')
  vi.spyOn(book, 'put').mockImplementation(() => {
    throw new Error('disk full')
  })
  const keeper = new RecordKeeper({ book, verifier: new RecordVerifier({}), maxClockSkew: 0, log: logger('test') })
  const results = await Promise.allSettled([keeper.keep(unsigned('alice')), keeper.close()])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(close).toHaveBeenCalledOnce()
})
