import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { cup2py, MemoryBook, PROTOCOL } from '@hearsay/protocol-cup2py'
import { RsaPrivateKey } from '@hearsay/protocol-core'
import { identify } from '@libp2p/identify'
import { memory } from '@libp2p/memory'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { addressOf, firstAnswer, Hosts } from './hosts.ts'
import { createPrivateKeyPem, dateIn, TestUser } from './users.ts'
import type { Cup2py, SearchResult } from '@hearsay/protocol-cup2py'
import type { Libp2p } from '@libp2p/interface'

const PATIENCE = 120_000
const hosts = new Hosts()
const many: Libp2p[] = []
afterEach(async () => {
  await hosts.stop()
  await Promise.all(many.splice(0).map(async (host) => host.stop()))
})

const find = async (user: Cup2py, hash: string): Promise<SearchResult> =>
  user.search(hash, { signal: firstAnswer(user, hash) })

/** One host with several users, each with a key and a book of its own */
async function createCrowdedHost(count: number): Promise<{ host: Libp2p; users: Cup2py[]; books: MemoryBook[] }> {
  const books = Array.from({ length: count }, () => new MemoryBook())
  const services = Object.fromEntries(
    books.map((addressBook, i) => [
      `user${i}`,
      cup2py({
        key: RsaPrivateKey.fromPem(createPrivateKeyPem()),
        addressBook,
        republish: false,
        quietTime: 60_000,
        dialRate: 1_000
      })
    ])
  )
  const host = await createLibp2p({
    addresses: { listen: [`/memory/cup2py-crowd-${many.length}`] },
    transports: [memory()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    services: { identify: identify(), ...services }
  })
  many.push(host)
  return { host, users: books.map((_, i) => (host.services as unknown as Record<string, Cup2py>)[`user${i}`]!), books }
}

describe('ten users on one host', () => {
  it(
    'search, publish and keep their books at the same time, without being in each other’s way',
    async () => {
      const { host, users, books } = await createCrowdedHost(10)
      const others = await Promise.all(Array.from({ length: 10 }, async () => hosts.create()))

      // each has one acquaintance on a host of its own, who knows one more user
      const friends = await Promise.all(
        others.map(async (other) => (await other.services.cup2py.publish({ depth: 0 })).record)
      )
      const strangers = Array.from({ length: 10 }, () => new TestUser())
      await Promise.all(users.map(async (user, i) => user.add(friends[i]!)))
      await Promise.all(
        others.map(async (other, i) => other.services.cup2py.add(await strangers[i]!.record('', dateIn(-60))))
      )
      const found = await Promise.all(users.map(async (user, i) => find(user, strangers[i]!.hash)))
      expect(found.map(({ record }) => record?.hash)).toEqual(strangers.map(({ hash }) => hash))
      const published = await Promise.all(users.map(async (user) => user.publish()))
      expect(published.map(({ record }) => record.hash)).toEqual(users.map(({ hash }) => hash))
      await vi.waitFor(
        async () => {
          const told = await Promise.all(users.map(async ({ hash }, i) => others[i]!.services.cup2py.get(hash)))
          expect(told.map((record) => record?.address)).toEqual(users.map(() => host.getMultiaddrs()[0]!.toString()))
        },
        { timeout: PATIENCE / 2 }
      )
      // each book has its own acquaintance, and its own user as it was last published
      for (const [i, book] of books.entries()) {
        expect(book.get(friends[i]!.hash)).toBeDefined()
        expect(book.get(users[i]!.hash)).toEqual(published[i]!.record)
      }
      // one stream a peer, whoever of the ten it is for
      for (const connection of host.getConnections()) {
        expect(connection.streams.filter(({ protocol }) => protocol === PROTOCOL).length).toBeLessThanOrEqual(1)
      }
    },
    PATIENCE
  )

  it(
    'find each other, without a network',
    async () => {
      const { users } = await createCrowdedHost(3)
      const [a, b, c] = users as [Cup2py, Cup2py, Cup2py]
      await a.add((await b.publish({ depth: 0 })).record)
      await b.add((await c.publish({ depth: 0 })).record)
      expect((await find(a, c.hash)).record).toMatchObject({ hash: c.hash })
    },
    PATIENCE
  )

  it(
    'are all known to a newcomer',
    async () => {
      const { host, users } = await createCrowdedHost(10)
      const newcomer = await hosts.create()
      expect(await newcomer.services.cup2py.bootstrap(host.getMultiaddrs()[0]!)).toBe(10)
      expect(await newcomer.services.cup2py.get(users[9]!.hash)).toBeDefined()
      expect(addressOf(newcomer)).not.toBe(host.getMultiaddrs()[0]!.toString())
    },
    PATIENCE
  )

  it(
    'are bothered by an intruder as one',
    async () => {
      const { host, users } = await createCrowdedHost(3)
      const stranger = await hosts.create({}, { services: {} as never })
      const connection = await stranger.dial(host.getMultiaddrs())
      const stream = await connection.newStream(PROTOCOL)
      stream.send(Uint8Array.of(2, 0xff, 0xff))
      await vi.waitFor(() => expect(users.map(({ stats }) => stats.closed.malformed)).toEqual([1, 1, 1]), PATIENCE / 2)
      await vi.waitFor(() => expect(stream.status).not.toBe('open'), PATIENCE / 2)
    },
    PATIENCE
  )
})
