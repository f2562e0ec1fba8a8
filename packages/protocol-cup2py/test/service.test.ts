import { RsaPrivateKey } from '@hearsay/protocol-core'
import { varintPrefix } from '@hearsay/protocol-core/pure'
import { sessionEnd } from '@hearsay/protocol-core/testing'
import { BOOK_PROTOCOL, cup2py, dhtValue, MemoryBook } from '@hearsay/protocol-cup2py'
import { encode } from '@hearsay/protocol-cup2py/codec'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { addressOf, createHost, find, Hosts, introduce } from './hosts.ts'
import { strangerTo as createStranger } from './stranger.ts'
import { createPrivateKeyPem, dateIn, TestUser } from './users.ts'
import type { UserRecord } from '@hearsay/protocol-cup2py'
import type { Message } from '@hearsay/protocol-cup2py/codec'
import type { Cup2pyHost } from './hosts.ts'
import type { Stranger } from './stranger.ts'

const hosts = new Hosts()
afterEach(async () => hosts.stop())

/** In ms, for a whole test and for one thing to happen, on a machine that others use too */
const PATIENCE = 120_000
const WAIT = 60_000
const peersOf = (host: Cup2pyHost): string[] => host.getPeers().map(String)

const strangerTo = async (host: Cup2pyHost): Promise<Stranger> => createStranger(host, hosts)

describe('users on libp2p hosts', () => {
  it(
    'find each other along a line, and the answer comes back the way the search went (T8)',
    async () => {
      const [a, b, c, d] = [await hosts.create(), await hosts.create(), await hosts.create(), await hosts.create()]
      await introduce(a, b)
      await introduce(b, c)
      await introduce(c, d)
      const { hash } = d.services.cup2py
      expect(await a.services.cup2py.get(hash)).toBeUndefined()
      const answers: UserRecord[] = []
      a.services.cup2py.addEventListener('search:answer', ({ detail }) => answers.push(detail))
      const { record, cost } = await find(a, hash)
      expect(record).toMatchObject({ hash, address: addressOf(d) })
      expect(answers.at(-1)).toEqual(record)
      expect(cost).toMatchObject({ messages: 1, peersAsked: 1 })
      // who passed it on, learned it
      expect(await b.services.cup2py.get(hash)).toBeDefined()
      expect(await a.services.cup2py.get(hash)).toEqual(record)
      // nobody was dialled but those in the books: the asker's own address was in the request, and d never used it
      expect(peersOf(a)).toEqual([b.peerId.toString()])
      expect(peersOf(d).filter((each) => each !== c.peerId.toString())).toEqual([])
    },
    PATIENCE
  )

  it(
    'tell who knows them where they are',
    async () => {
      const [a, b, c] = [await hosts.create(), await hosts.create(), await hosts.create()]
      await introduce(a, b)
      await introduce(b, c)
      const told: UserRecord[] = []
      c.services.cup2py.addEventListener('record', ({ detail }) => told.push(detail))
      const { record, users } = await a.services.cup2py.publish({ depth: 2 })
      expect(users).toBe(1)
      await vi.waitFor(async () => expect(await c.services.cup2py.get(record.hash)).toEqual(record), WAIT)
      expect(told).toEqual([record])
    },
    PATIENCE
  )

  it(
    'are reached where they are now, though their address has changed',
    async () => {
      const [a, b] = [await hosts.create(), await hosts.create()]
      const pem = createPrivateKeyPem()
      const before = await hosts.create({ key: RsaPrivateKey.fromPem(pem) })
      await introduce(a, b, before)
      const old = addressOf(before)
      await before.stop()
      const after = await hosts.create({ key: RsaPrivateKey.fromPem(pem) })
      await introduce(b, after)
      const { hash } = after.services.cup2py
      expect((await a.services.cup2py.get(hash))?.address).toBe(old)
      // an answer that comes after quietTime is for the next time
      const connection = await vi.waitFor(async () => a.services.cup2py.resolve(hash, { quietTime: 1_000 }), WAIT)
      expect(a.services.cup2py.stats.sent.search).toBeGreaterThan(0)
      expect(connection.remotePeer.toString()).toBe(after.peerId.toString())
      // once known, without a search
      const sent = a.services.cup2py.stats.sent.search
      await a.services.cup2py.resolve(hash)
      expect(a.services.cup2py.stats.sent.search).toBe(sent)
    },
    PATIENCE
  )

  it(
    'that nobody knows are not found',
    async () => {
      const [a, b] = [await hosts.create(), await hosts.create()]
      await introduce(a, b)
      const { hash } = new TestUser()
      expect((await a.services.cup2py.search(hash)).record).toBeUndefined()
      await expect(a.services.cup2py.resolve(hash)).rejects.toMatchObject({ name: 'UserNotFoundError', hash })
    },
    PATIENCE
  )

  it(
    'publish by themselves when their addresses change, once for several changes',
    async () => {
      const b = await hosts.create()
      const a = await hosts.create({ republish: true, republishDelay: 50 })
      const records: UserRecord[] = []
      b.services.cup2py.addEventListener('record', ({ detail }) => records.push(detail))
      await introduce(a, b)
      await a.services.cup2py.publish({ depth: 0 })
      await vi.waitFor(() => expect(records).toHaveLength(1), WAIT)
      // an interface that appears
      const manager = (
        a as unknown as { components: { addressManager: { addObservedAddr: unknown; getAddresses: () => unknown } } }
      ).components.addressManager
      const { multiaddr } = await import('@multiformats/multiaddr')
      const address = multiaddr(`/ip4/192.0.2.7/tcp/6001/p2p/${a.peerId.toString()}`)
      vi.spyOn(manager, 'getAddresses').mockReturnValue([address])
      const update = new CustomEvent('self:peer:update', { detail: { peer: {} } })
      const { events } = (a as unknown as { components: { events: EventTarget } }).components
      events.dispatchEvent(update)
      events.dispatchEvent(update)
      // the newest of a burst comes when authorInterval is over
      await vi.waitFor(() => expect(records).toHaveLength(2), WAIT)
      expect(records[1]!.address).toBe(address.toString())
      vi.restoreAllMocks()
    },
    PATIENCE
  )
})

describe('a search', () => {
  it(
    'ends when its signal does, with what was found',
    async () => {
      const [a, b, c] = [await hosts.create(), await hosts.create(), await hosts.create()]
      await introduce(a, b)
      await introduce(b, c)
      const stop = new AbortController()
      a.services.cup2py.addEventListener('search:answer', () => stop.abort())
      const start = performance.now()
      const found = await a.services.cup2py.search(c.services.cup2py.hash, { signal: stop.signal, quietTime: 60_000 })
      expect(found.record).toMatchObject({ hash: c.services.cup2py.hash })
      expect(performance.now() - start).toBeLessThan(PATIENCE)
      const aborted = await a.services.cup2py.search(new TestUser().hash, {
        signal: AbortSignal.abort(),
        quietTime: 60_000
      })
      expect(aborted.record).toBeUndefined()
    },
    PATIENCE
  )

  it(
    'for ourselves is over at once',
    async () => {
      const a = await hosts.create()
      const { record, cost } = await a.services.cup2py.search(a.services.cup2py.hash)
      expect(record).toMatchObject({ hash: a.services.cup2py.hash, address: addressOf(a) })
      expect(cost.messages).toBe(0)
    },
    PATIENCE
  )

  it(
    'is over when the node stops',
    async () => {
      const [a, b] = [await hosts.create(), await hosts.create()]
      await introduce(a, b)
      const search = a.services.cup2py.search(new TestUser().hash, { quietTime: 60_000 })
      await vi.waitFor(() => expect(b.services.cup2py.stats.received.search).toBe(1), WAIT)
      await a.stop()
      expect((await search).record).toBeUndefined()
    },
    PATIENCE
  )

  it(
    'asks the DHT first, if there is one, and takes nothing from it on trust',
    async () => {
      const user = new TestUser()
      const record = await user.record('/memory/x/p2p/12D3KooWA', dateIn(-5))
      const get = vi.fn(async () => dhtValue(record))
      const put = vi.fn(async (_key: Uint8Array, _value: Uint8Array) => {})
      const [a, b] = [await hosts.create({ dht: { get, put } }), await hosts.create()]
      await introduce(a, b)
      expect(await a.services.cup2py.search(user.hash)).toEqual({
        record,
        cost: { messages: 0, peersAsked: 0, answers: 0 }
      })
      expect(b.services.cup2py.stats.received.search).toBe(0)
      // what the DHT has is what we hold now: it may be old, so others are asked
      await a.services.cup2py.search(user.hash)
      await vi.waitFor(() => expect(b.services.cup2py.stats.received.search).toBe(1), WAIT)
      const other = new TestUser()
      get.mockResolvedValue(dhtValue({ ...(await other.record('', dateIn(-5))), address: 'elsewhere' }))
      expect((await a.services.cup2py.search(other.hash)).record).toBeUndefined()
      get.mockRejectedValue(new Error('no such value'))
      expect((await a.services.cup2py.search(other.hash)).record).toBeUndefined()
      // and is told where we are
      const published = await a.services.cup2py.publish()
      expect(
        put.mock.calls
          .at(-1)!
          .slice(0, 2)
          .map((bytes) => new TextDecoder().decode(bytes))
      ).toEqual([`/cup2py/${published.record.hash}`, new TextDecoder().decode(dhtValue(published.record))])
    },
    PATIENCE
  )
})

describe('records from outside the network', () => {
  it(
    'are taken once they are verified, exported and imported',
    async () => {
      const [a, b] = [await hosts.create(), await hosts.create()]
      const users = Array.from({ length: 5 }, () => new TestUser())
      const records = await Promise.all(users.map(async (user) => user.record('/memory/x/p2p/12D3KooWA', dateIn(-60))))
      expect(await a.services.cup2py.import(records)).toBe(5)
      expect(await a.services.cup2py.add(records[0]!)).toBe(false)
      // and who exported them
      expect(await b.services.cup2py.import(a.services.cup2py.export())).toBe(6)
      expect(await b.services.cup2py.get(users[3]!.hash)).toEqual(records[3])
      expect(b.services.cup2py.users).toBe(6)
    },
    PATIENCE
  )

  it(
    'are refused when they are forged, of the future, too old or no record',
    async () => {
      const a = await hosts.create()
      const user = new TestUser()
      const record = await user.record('', dateIn(-60))
      await expect(a.services.cup2py.add({ ...record, address: 'x' })).rejects.toThrow('did not sign')
      await expect(a.services.cup2py.add(await user.record('', dateIn(3_600)))).rejects.toThrow('future')
      await expect(a.services.cup2py.add('hello')).rejects.toMatchObject({ name: 'InvalidRecordError' })
      // under somebody else's name
      const victim = await new TestUser().record('', dateIn(-60))
      await expect(a.services.cup2py.add({ ...record, hash: victim.hash })).rejects.toThrow('not that of its key')
      await expect(a.services.cup2py.add({ ...record, signature: '?' })).rejects.toMatchObject({
        name: 'InvalidRecordError'
      })
      await a.services.cup2py.add(record)
      await a.services.cup2py.remove(user.hash)
      expect(await a.services.cup2py.get(user.hash)).toBeUndefined()
      await expect(a.services.cup2py.add(await user.record('', dateIn(-3_600)))).rejects.toThrow('newer one was held')
      expect(await a.services.cup2py.add(record)).toBe(true)
    },
    PATIENCE
  )

  it(
    'stay away after deletion and restart, over the network too (T9)',
    async () => {
      const addressBook = new MemoryBook()
      const user = new TestUser()
      const [old, record] = [await user.record('/old', dateIn(-61)), await user.record('/new', dateIn(-60))]
      const first = await hosts.create({ addressBook })
      await first.services.cup2py.add(record)
      await first.services.cup2py.remove(user.hash)
      await first.stop()
      const a = await hosts.create({ addressBook })
      const { say } = await strangerTo(a)
      say({ type: 'update', record: old, depth: 0, checked: [] })
      await vi.waitFor(() => expect(a.services.cup2py.stats.dropped.floor).toBe(1), WAIT)
      say({ type: 'update', record, depth: 0, checked: [] })
      await vi.waitFor(async () => expect(await a.services.cup2py.get(user.hash)).toEqual(record), WAIT)
    },
    PATIENCE
  )

  it(
    'that a book failed to keep are told to who added them',
    async () => {
      const addressBook = new MemoryBook()
      const a = await hosts.create({ addressBook })
      vi.spyOn(addressBook, 'put').mockImplementation(() => {
        throw new Error('disk full')
      })
      await expect(a.services.cup2py.add(await new TestUser().record('', dateIn(-5)))).rejects.toThrow('disk full')
      vi.restoreAllMocks()
    },
    PATIENCE
  )
})

describe('a newcomer', () => {
  it(
    'is given a sample of a book, the host’s own record first',
    async () => {
      const a = await hosts.create({ minModulusBits: 1_024 })
      const records = await Promise.all(
        Array.from({ length: 80 }, async () => new TestUser(1_024).record('', dateIn(-60)))
      )
      await a.services.cup2py.import(records)
      const b = await hosts.create({ minModulusBits: 1_024 })
      expect(await b.services.cup2py.bootstrap(addressOf(a))).toBe(64)
      expect(await b.services.cup2py.get(a.services.cup2py.hash)).toMatchObject({ address: addressOf(a) })
      // not as often as it likes
      await expect(b.services.cup2py.bootstrap(addressOf(a))).rejects.toThrow()
    },
    PATIENCE
  )

  it(
    'asks known peers by itself',
    async () => {
      const [a, c] = [await hosts.create(), await hosts.create()]
      await introduce(a, c)
      const b = await hosts.create({ knownPeers: ['/memory/nowhere', addressOf(a)] })
      await vi.waitFor(async () => expect(await b.services.cup2py.get(c.services.cup2py.hash)).toBeDefined(), WAIT)
    },
    PATIENCE
  )

  it.each([
    [
      'too many',
      (record: UserRecord) => Array.from({ length: 65 }, () => ({ type: 'update', record, depth: 0, checked: [] }))
    ],
    ['one that goes on', (record: UserRecord) => [{ type: 'update', record, depth: 1, checked: [] }]],
    [
      'a search',
      (record: UserRecord) => [{ type: 'search', target: record.hash, sender: record, depth: 0, checked: [] }]
    ]
  ])(
    'takes nothing of a sample with %s',
    async (_name, requests) => {
      const liar = await hosts.create({}, { services: {} as never })
      const record = await new TestUser().record('', dateIn(-60))
      await liar.handle(BOOK_PROTOCOL, (stream) => {
        const { session } = sessionEnd(stream, { prefix: varintPrefix, maxQueuedBytes: 2 ** 20 })
        requests(record).forEach((request) => session.send(encode(request as Message)))
        void session.close()
      })
      const b = await hosts.create()
      await expect(b.services.cup2py.bootstrap(addressOf(liar))).rejects.toMatchObject({ name: 'DecodeError' })
      expect(b.services.cup2py.users).toBe(0)
    },
    PATIENCE
  )

  it(
    'takes of a sample only what is signed',
    async () => {
      const liar = await hosts.create({}, { services: {} as never })
      const [good, bad] = [await new TestUser().record('', dateIn(-60)), await new TestUser().record('', dateIn(-60))]
      await liar.handle(BOOK_PROTOCOL, (stream) => {
        const { session } = sessionEnd(stream, { prefix: varintPrefix })
        ;[good, { ...bad, address: 'x' }].forEach((record) =>
          session.send(encode({ type: 'update', record, depth: 0, checked: [] }))
        )
        void session.close()
      })
      const b = await hosts.create()
      expect(await b.services.cup2py.bootstrap(addressOf(liar))).toBe(1)
      expect(await b.services.cup2py.get(good.hash)).toEqual(good)
    },
    PATIENCE
  )
})

describe('a stranger', () => {
  it(
    'that sends something else is cut off and refused (T1)',
    async () => {
      const a = await hosts.create()
      const { stream, ended } = await strangerTo(a)
      stream.send(Uint8Array.of(5, ...new TextEncoder().encode('hello')))
      await ended
      expect(a.services.cup2py.stats.closed.malformed).toBe(1)
    },
    PATIENCE
  )

  it(
    'that forges is cut off, and silences nobody (T11, T12)',
    async () => {
      const a = await hosts.create()
      const user = new TestUser()
      const record = await user.record('', dateIn(-5))
      const liar = await strangerTo(a)
      liar.say({ type: 'update', record: { ...record, address: 'elsewhere' }, depth: 3, checked: [] })
      await liar.ended
      expect(a.services.cup2py.stats.closed.forged).toBe(1)
      const honest = await strangerTo(a)
      honest.say({ type: 'update', record, depth: 3, checked: [] })
      await vi.waitFor(async () => expect(await a.services.cup2py.get(user.hash)).toEqual(record), WAIT)
    },
    PATIENCE
  )

  it(
    'is answered on its stream, and nowhere else (T8)',
    async () => {
      const [a, victim] = [await hosts.create(), await hosts.create()]
      const user = new TestUser()
      const held = await user.record('/memory/x/p2p/12D3KooWA', dateIn(-60))
      await a.services.cup2py.add(held)
      const sender = await new TestUser().record(addressOf(victim), dateIn(-5))
      const { say, said } = await strangerTo(a)
      say({ type: 'search', target: user.hash, sender, depth: 7, checked: [] })
      await vi.waitFor(() => expect(said).toEqual([{ type: 'update', record: held, depth: 0, checked: [] }]), WAIT)
      expect(victim.getConnections()).toEqual([])
    },
    PATIENCE
  )

  it(
    'that never reads does not make us grow (T4)',
    async () => {
      const a = await hosts.create({ maxQueuedBytes: 131_072, requestRate: 1_000_000, verifyRate: 1_000_000 })
      const user = new TestUser()
      await a.services.cup2py.add(await user.record('x'.repeat(1_000), dateIn(-60)))
      const { stream, say } = await strangerTo(a)
      stream.pause()
      const before = process.memoryUsage().rss

      for (let i = 0; i < 3_000; i++) {
        const sender = await askers[i % askers.length]!
        say({ type: 'search', target: user.hash, sender, depth: 1, checked: [] })
      }

      await vi.waitFor(() => expect(a.services.cup2py.stats.received.search).toBe(3_000), PATIENCE)
      expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(64)
    },
    PATIENCE
  )
})

const asker = new TestUser()
const askers = Array.from({ length: 300 }, async (_, i) => asker.record('', dateIn(-5 - i)))

describe('the service', () => {
  it(
    'throws where it is used before start and after stop',
    async () => {
      const a = await createHost({}, { start: false })
      const service = a.services.cup2py
      await expect(service.publish()).rejects.toMatchObject({ name: 'NotStartedError' })
      await expect(service.search(service.hash)).rejects.toMatchObject({ name: 'NotStartedError' })
      await a.start()
      await a.stop()
      await expect(service.bootstrap('/memory/x')).rejects.toMatchObject({ name: 'NotStartedError' })
    },
    PATIENCE
  )

  it(
    'checks what it is given',
    async () => {
      const a = await hosts.create()
      const service = a.services.cup2py
      await expect(service.search('alice')).rejects.toMatchObject({ name: 'InvalidParametersError', parameter: 'hash' })
      await expect(service.search(service.hash, { depth: 17 })).rejects.toMatchObject({ parameter: 'depth' })
      await expect(service.publish({ depth: -1 })).rejects.toMatchObject({ parameter: 'depth' })
      const stop = new AbortController()
      const searches = Array.from({ length: 257 }, async () =>
        service.search('0'.repeat(64), { quietTime: 60_000, signal: stop.signal })
      )
      await expect(Promise.race(searches)).rejects.toMatchObject({ parameter: 'searches' })
      stop.abort()
      await Promise.allSettled(searches)
      const key = RsaPrivateKey.fromPem(createPrivateKeyPem())
      expect(() => cup2py({ key, fanout: 0 })).toThrow('fanout')
      expect(() => cup2py({ key: 'PEM' as never })).toThrow('generateUser')
      expect(() => cup2py({ key, minModulusBits: 3_072 })).toThrow('2048 bits')
      expect(() => cup2py({ key, compat: 'python' as never })).toThrow('none, library')
      expect(() => cup2py({ key, minModulusBits: 4_096, maxModulusBits: 2_048 })).toThrow('at most maxModulusBits')
    },
    PATIENCE
  )

  it(
    'reads the Python library’s loose requests only where that is allowed',
    async () => {
      const user = new TestUser()
      const record = await user.record('', dateIn(-5))
      const text = new TextDecoder()
        .decode(encode({ type: 'update', record, depth: 3, checked: [] }))
        .replace(';3;', '; +3 ;')
      const frame = new TextEncoder().encode(text)
      const [strict, loose] = [await hosts.create(), await hosts.create({ compat: 'library' })]

      for (const host of [strict, loose]) {
        const { stream } = await strangerTo(host)
        const batch = new Uint8Array(varintPrefix.width(frame.byteLength) + frame.byteLength)
        varintPrefix.write(batch, 0, frame.byteLength)
        batch.set(frame, varintPrefix.width(frame.byteLength))
        stream.send(batch)
      }

      await vi.waitFor(async () => expect(await loose.services.cup2py.get(user.hash)).toEqual(record), WAIT)
      await vi.waitFor(() => expect(strict.services.cup2py.stats.closed.malformed).toBe(1), WAIT)
    },
    PATIENCE
  )
})
