import { expect, it } from 'vitest'
import { unsignedUser as unsigned } from './unsigned-user.ts'
import type { AddressBook, BookEntry, UserRecord } from '@hearsay/protocol-cup2py'

export interface BookSetup {
  /** A new book over what the last one of this test wrote, if there is one */
  create: () => AddressBook
  /** Whether a new one has what the last one wrote */
  persists: boolean
}

const entry = (record: UserRecord, reachedAt = 0): BookEntry => ({ record, reachedAt })

/** What every address book must do. */
export function addressBookSuite({ create, persists }: BookSetup): void {
  const [alice, bob] = [unsigned('alice'), unsigned('bob')]

  it('keeps what it is given', async () => {
    const book = create()
    expect(await book.open()).toEqual([])
    await book.put([entry(alice), entry(bob, 7)])
    expect(await book.get(alice.hash)).toEqual(alice)
    expect(await book.get(bob.hash)).toEqual(bob)
    expect(await book.get(unsigned('carol').hash)).toBeUndefined()
    expect(await all(book)).toEqual(expect.arrayContaining([alice, bob]))
    await book.close()
  })

  it('replaces a record with a newer one, and not with an older one (T9)', async () => {
    const book = create()
    await book.open()
    const [old, fresh] = [unsigned('alice', '2023-01-01 00:00:00.000001'), unsigned('alice', '2025-01-01 00:00:00')]
    await book.put([entry(alice)])
    await book.put([entry(old)])
    expect(await book.get(alice.hash)).toEqual(alice)
    await book.put([entry(fresh)])
    expect(await book.get(alice.hash)).toEqual(fresh)
    expect(await book.floor(alice.hash)).toBe(fresh.date)
    await book.put([entry(unsigned('bob', '2025-01-01 00:00:00')), entry(bob)])
    expect(await book.get(bob.hash)).toMatchObject({ date: '2025-01-01 00:00:00' })
    await book.close()
  })

  it('remembers how new a record was that it holds no more (T9)', async () => {
    const book = create()
    await book.open()
    await book.put([entry(alice)])
    await book.delete([alice.hash, bob.hash])
    expect(await book.get(alice.hash)).toBeUndefined()
    expect(await book.floor(alice.hash)).toBe(alice.date)
    expect(await book.floor(bob.hash)).toBeUndefined()
    await book.put([entry(unsigned('alice', '2023-12-31 00:00:00.000001'))])
    expect(await book.get(alice.hash)).toBeUndefined()
    await book.put([entry(alice)])
    expect(await book.get(alice.hash)).toEqual(alice)
    await book.close()
  })

  it('lists those to forget first first, with what is known of them', async () => {
    const book = create()
    await book.open()
    await book.put([entry(alice, 5), entry(bob, 3), entry(unsigned('carol'))])
    await book.setReached(bob.hash, 9)
    await book.setPinned(alice.hash, true)
    await book.close()
    const users = await (persists ? create() : book).open()
    expect(users.map(({ hash }) => hash)).toEqual([unsigned('carol').hash, alice.hash, bob.hash])
    expect(users[1]).toEqual({
      hash: alice.hash,
      address: alice.address,
      date: alice.date,
      rank: expect.any(Number) as number,
      reachedAt: 5,
      pinned: true
    })
    expect(users[2]).toMatchObject({ reachedAt: 9, pinned: false })
  })

  it('keeps a pin when the record is replaced', async () => {
    const book = create()
    await book.open()
    await book.put([entry(alice)])
    await book.setPinned(alice.hash, true)
    await book.put([entry(unsigned('alice', '2025-01-01 00:00:00'), 4)])
    await book.close()
    expect(await book.open()).toMatchObject([{ pinned: true, reachedAt: 4 }])
    await book.close()
  })

  it('keeps when a user was last reached, though a stranger tells of it', async () => {
    const book = create()
    await book.open()
    await book.put([entry(alice, 5)])
    await book.put([entry(unsigned('alice', '2025-01-01 00:00:00'))])
    await book.close()
    expect(await book.open()).toMatchObject([{ reachedAt: 5, date: '2025-01-01 00:00:00' }])
    await book.delete([alice.hash])
    await book.put([entry(unsigned('alice', '2025-01-01 00:00:00'))])
    await book.close()
    expect(await book.open()).toMatchObject([{ reachedAt: 0 }])
    await book.close()
  })

  it('refuses 1,000 of 1,000 old records, after deletion and restart (T9)', async () => {
    const users = Array.from({ length: 1_000 }, (_, i) => `user-${i}`)
    const book = create()
    await book.open()
    await book.put(users.map((name) => entry(unsigned(name))))
    await book.delete(users.filter((_, i) => i % 2 === 0).map((name) => unsigned(name).hash))
    await book.close()
    const again = persists ? create() : book
    await again.open()
    await again.put(users.map((name) => entry(unsigned(name, '2023-12-31 23:59:59.999999'))))
    const records = await all(again)
    expect(records).toHaveLength(500)
    expect(records.filter(({ date }) => date < alice.date)).toEqual([])
    await again.close()
  })

  it('takes many at once', async () => {
    const book = create()
    await book.open()
    const users = Array.from({ length: 2_000 }, (_, i) => unsigned(`user-${i}`))
    await Promise.all([
      book.put(users.slice(0, 1_500).map((each) => entry(each))),
      book.put(users.slice(1_500).map((each) => entry(each)))
    ])
    expect(await all(book)).toHaveLength(2_000)
    await book.close()
  })

  it('has everything after a restart, floors too', async () => {
    const book = create()
    await book.open()
    await book.put([entry(alice), entry(bob)])
    await book.delete([bob.hash])
    await book.close()
    const again = persists ? create() : book
    expect(await again.open()).toMatchObject([{ hash: alice.hash }])
    expect(await again.get(alice.hash)).toEqual(alice)
    expect(await again.floor(bob.hash)).toBe(bob.date)
    await again.close()
  })
}

async function all(book: AddressBook): Promise<UserRecord[]> {
  const records = []

  for await (const record of book.records()) {
    records.push(record)
  }

  return records
}
