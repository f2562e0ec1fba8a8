import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import { DecodeError } from '@hearsay/protocol-core/pure'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { DhtApiSession, MAX_REQUESTS } from '../src/api/dht-api.ts'
import { decodeDht, decodeDhtRequest, encodeDht } from '../src/api/dht-messages.ts'
import { ApiServer } from '../src/api/server.ts'
import { Slots } from '../src/dht/slots.ts'
import { ApiClient, frame, OFTEN, u16, within } from './api-client.ts'
import { Nodes, recordedLog } from './nodes.ts'
import type { HostPort } from '@hearsay/node'
import type { DhtMessage } from '../src/api/dht-messages.ts'
import type { RecordedLog } from './nodes.ts'

vi.setConfig({ testTimeout: 60_000 })

const nodes = new Nodes()
const ends: (() => Promise<void> | void)[] = []
afterEach(async () => {
  await Promise.all(ends.splice(0).map(async (end) => end()))
  await nodes.stop()
})

const keyOf = (name: string): Buffer => createHash('sha256').update(name).digest()
const putFrame = (name: string, value: Uint8Array | string, { ttl = 0, replication = 0, reserved = 0 } = {}): Buffer =>
  frame(650, u16(ttl), [replication, reserved], keyOf(name), Buffer.from(value))
const getFrame = (name: string): Buffer => frame(651, keyOf(name))

interface Answer {
  type: number
  key: Buffer
  value: string
}

async function answer(client: ApiClient): Promise<Answer> {
  const { type, body } = await client.next()
  return { type, key: body.subarray(0, 32), value: body.subarray(32).toString() }
}

const success = (name: string, value: string): Answer => ({ type: 652, key: keyOf(name), value })
const failure = (name: string): Answer => ({ type: 653, key: keyOf(name), value: '' })

/** A DHT that answers when it is told to */
class FakeDht {
  readonly puts: { key: Uint8Array; value: Uint8Array; ttl: number; replication: number }[] = []
  readonly gets = new Map<string, (value: Uint8Array | undefined) => void>()
  asked = 0
  /** What becomes of a put */
  stored: () => Promise<string[]> = async () => ['somebody']
  /** What becomes of a get; it waits in `gets` unless told otherwise */
  found: ((name: string, signal: AbortSignal) => Promise<Uint8Array | undefined>) | undefined

  put = async (key: Uint8Array, value: Uint8Array, { ttl = 0, replication = 0 } = {}): Promise<never> => {
    this.puts.push({ key, value, ttl, replication })
    return { storedOn: await this.stored() } as never
  }

  get = async (key: Uint8Array, { signal }: { signal?: AbortSignal } = {}): Promise<Uint8Array | undefined> => {
    const name = Buffer.from(key).toString('hex')
    this.asked++
    return this.found === undefined ? new Promise((resolve) => this.gets.set(name, resolve)) : this.found(name, signal!)
  }

  /** Answers the get of a name */
  find(name: string, value?: string): void {
    this.gets.get(keyOf(name).toString('hex'))!(value === undefined ? undefined : Buffer.from(value))
  }
}

interface Harness {
  dht: FakeDht
  api: HostPort
  log: RecordedLog
}

async function serve(): Promise<Harness> {
  const [dht, log, requests] = [new FakeDht(), recordedLog(), new Slots(MAX_REQUESTS)]
  const server = new ApiServer({
    name: 'DHT API',
    flag: '--dht-api',
    createSession: (client) => new DhtApiSession(client, { dht, requests, log }),
    log
  })
  ends.push(async () => server.stop())
  return { dht, log, api: await server.listen({ host: '127.0.0.1', port: 0 }) }
}

async function join(api: HostPort, ...frames: Uint8Array[]): Promise<ApiClient> {
  const client = await ApiClient.connect(api)
  ends.push(() => client.close())

  if (frames.length > 0) {
    client.send(...frames)
  }

  return client
}

const eventually = async (check: () => void): Promise<void> => vi.waitFor(check, OFTEN)

describe('the messages', () => {
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((value) => Uint8Array.from(value))
  const value = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((each) => Uint8Array.from(each))
  const messages: fc.Arbitrary<DhtMessage> = fc.oneof(
    fc.record({ type: fc.constant('put' as const), ttl: fc.nat(65_535), replication: fc.nat(255), key, value }),
    fc.record({ type: fc.constant('get' as const), key }),
    fc.record({ type: fc.constant('success' as const), key, value }),
    fc.record({ type: fc.constant('failure' as const), key })
  )

  it('are what they were after encoding and decoding', () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(decodeDht(encodeDht(message))).toEqual(message)
      })
    )
  })

  it('throw nothing but DecodeError on whatever bytes (T1)', () => {
    const type = fc.constantFrom(650, 651, 652, 653, 654, 0)
    fc.assert(
      fc.property(type, fc.uint8Array({ maxLength: 100 }), (number, body) => {
        try {
          decodeDhtRequest(Buffer.from([...u16(number), ...body]))
        } catch (err) {
          return err instanceof DecodeError
        }

        return true
      }),
      { numRuns: 5_000 }
    )
  })
})

describe('PUT', () => {
  it('has no answer', async () => {
    const { dht, api } = await serve()
    const client = await join(api, putFrame('a', 'value', { ttl: 12, replication: 4 }), getFrame('a'))
    await eventually(() => expect(dht.gets.size).toBe(1))
    dht.find('a', 'value')
    expect(await answer(client)).toEqual(success('a', 'value'))
    expect(dht.puts).toEqual([{ key: keyOf('a'), value: Buffer.from('value'), ttl: 12, replication: 4 }])
    expect(client.waiting).toEqual([])
  })

  it.each([0, 255])('has %i in its reserved byte, which is ignored', async (reserved) => {
    const { dht, api } = await serve()
    await join(api, putFrame('a', 'x', { reserved }))
    await eventually(() => expect(dht.puts).toHaveLength(1))
  })

  it('counts also when its client leaves at once', async () => {
    const { dht, api, log } = await serve()
    const client = await join(api)
    client.socket.end(putFrame('a', 'last words'))
    await within(client.closed, 'the end of the connection')
    expect(dht.puts).toMatchObject([{ value: Buffer.from('last words') }])
    expect(log.lines).toEqual([])
  })

  it('may have 65,495 bytes of value', async () => {
    const { dht, api } = await serve()
    const value = Buffer.alloc(65_495, 7)
    await join(api, putFrame('a', value))
    await eventually(() => expect(dht.puts).toHaveLength(1))
    expect(Buffer.compare(dht.puts[0]!.value, value)).toBe(0)
  })

  it.each<[string, () => Promise<string[]>, RegExp]>([
    ['that nobody stores', async () => [], /^warn DHT API: no peer stored the value for [0-9a-f]{64}$/],
    [
      'that fails',
      async () => {
        throw new Error('too busy')
      },
      /^warn DHT API: the value for [0-9a-f]{64} was not put: too busy$/
    ]
  ])('%s is logged, and the client goes on', async (_name, stored, line) => {
    const { dht, api, log } = await serve()
    dht.stored = stored
    const client = await join(api, putFrame('a', 'x'), getFrame('b'))
    await eventually(() => expect(dht.gets.size).toBe(1))
    dht.find('b')
    expect(await answer(client)).toEqual(failure('b'))
    await eventually(() => expect(log.lines).toEqual([expect.stringMatching(line)]))
  })
})

describe('GET', () => {
  it('is answered by FAILURE when nothing is found', async () => {
    const { dht, api } = await serve()
    const client = await join(api, getFrame('a'))
    await eventually(() => expect(dht.gets.size).toBe(1))
    dht.find('a')
    expect(await answer(client)).toEqual(failure('a'))
  })

  it('is answered by FAILURE when it cannot be looked for', async () => {
    const { dht, api, log } = await serve()
    dht.found = async () => {
      throw new Error('too busy')
    }
    expect(await answer(await join(api, getFrame('a')))).toEqual(failure('a'))
    expect(log.lines).toEqual([expect.stringMatching(/^warn DHT API: [0-9a-f]{64} was not looked for: too busy$/)])
  })

  it('is answered in the order of asking, whatever is found first', async () => {
    const { dht, api } = await serve()
    const client = await join(api, getFrame('a'), getFrame('b'), getFrame('c'))
    await eventually(() => expect(dht.gets.size).toBe(3))
    dht.find('c', '3')
    dht.find('b')
    await wait(50)
    expect(client.waiting).toEqual([])
    dht.find('a', '1')
    expect([await answer(client), await answer(client), await answer(client)]).toEqual([
      success('a', '1'),
      failure('b'),
      success('c', '3')
    ])
  })

  it('of one client does not wait for that of another', async () => {
    const { dht, api } = await serve()
    const [, second] = [await join(api, getFrame('slow')), await join(api, getFrame('quick'))]
    await eventually(() => expect(dht.gets.size).toBe(2))
    dht.find('quick', 'x')
    expect(await answer(second)).toEqual(success('quick', 'x'))
  })

  it('is answered also when the client has closed its side', async () => {
    const { dht, api, log } = await serve()
    const client = await ApiClient.connect(api, { allowHalfOpen: true })
    ends.push(() => client.close())
    client.socket.end(Buffer.concat([getFrame('a'), getFrame('b')]))
    await eventually(() => expect(dht.gets.size).toBe(2))
    dht.find('a', 'x'.repeat(60_000))
    dht.find('b', 'y')
    expect([await answer(client), await answer(client)]).toEqual([success('a', 'x'.repeat(60_000)), success('b', 'y')])
    await within(client.closed, 'the end of the connection')
    expect(log.lines).toEqual([])
  })

  it('of a client that was cut off is given up', async () => {
    const { dht, api } = await serve()
    let given: AbortSignal | undefined
    dht.found = async (_name, signal) => {
      given = signal
      await once(signal, 'abort')
      return undefined
    }
    const client = await join(api, getFrame('a'))
    await eventually(() => expect(given).toBeDefined())
    client.socket.resetAndDestroy()
    await eventually(() => expect(given?.aborted).toBe(true))
  })

  it('is under way 32 times for a client, and no more of it is read', async () => {
    const { dht, api } = await serve()
    const client = await join(api, ...Array.from({ length: 200 }, (_, i) => getFrame(`${i}`)))
    await eventually(() => expect(dht.asked).toBe(32))
    await wait(50)
    expect(dht.asked).toBe(32)
    dht.found = async () => undefined
    Array.from({ length: 32 }, (_, i) => dht.find(`${i}`))

    for (let i = 0; i < 200; i++) {
      expect(await answer(client)).toEqual(failure(`${i}`))
    }
  })

  it('comes from many clients at once', async () => {
    const { dht, api } = await serve()
    dht.found = async (name) => Buffer.from(name)
    const clients = await Promise.all(Array.from({ length: 200 }, async () => join(api)))
    await Promise.all(
      clients.map(async (client, i) => {
        for (let round = 0; round < 20; round++) {
          client.send(getFrame(`${i}/${round}`))
          const { type, value } = await answer(client)
          expect([type, value]).toEqual([652, keyOf(`${i}/${round}`).toString('hex')])
        }
      })
    )
  })
})

describe('what is malformed', () => {
  const key = keyOf('a')
  it.each([
    ['a size of 0', Buffer.from([0, 0]), 'a frame of 0 bytes cannot hold its own length'],
    ['no type', Buffer.from([0, 2]), 'a message of 2 bytes has no room for its type'],
    ['an unknown type', frame(654, key), 'unknown message type 654 (type 654, 36 bytes)'],
    ['a type of the gossip API', frame(500, key), 'unknown message type 500 (type 500, 36 bytes)'],
    ['a GET with a key of 31 bytes', frame(651, key.subarray(1)), '32 bytes expected, 31 left (type 651, 35 bytes)'],
    ['a GET with a key of 36 bytes', frame(651, key, [1, 2, 3, 4]), '4 bytes too many (type 651, 40 bytes)'],
    [
      'a PUT with a key of 16 bytes',
      frame(650, [0, 1, 1, 0], key.subarray(16)),
      '32 bytes expected, 16 left (type 650, 24 bytes)'
    ],
    ['a PUT without a value', frame(650, [0, 1, 1, 0], key), 'a value of no bytes (type 650, 40 bytes)'],
    ['a PUT without anything', frame(650), '2 bytes expected, 0 left (type 650, 4 bytes)'],
    ['SUCCESS', frame(652, key, [1]), 'SUCCESS is for nodes to send (type 652, 37 bytes)'],
    ['FAILURE', frame(653, key), 'FAILURE is for nodes to send (type 653, 36 bytes)']
  ])('such as %s ends that client only, with a line that says why', async (_name, wrong, why) => {
    const { dht, api, log } = await serve()
    dht.found = async () => Buffer.from('x')
    const [good, bad] = [await join(api), await join(api, putFrame('before', 'counts'), wrong, putFrame('after', 'no'))]
    await within(bad.closed, 'the end of the connection')
    await eventually(() => expect(log.lines).toEqual([`warn DHT API: closed ${bad.name}: ${why}`]))
    expect(dht.puts).toMatchObject([{ value: Buffer.from('counts') }])
    good.send(getFrame('a'))
    expect(await answer(good)).toEqual(success('a', 'x'))
  })
})

describe('a client that reads no answers', () => {
  it('is dropped when they are too many, while others go on (T4)', async () => {
    const { dht, api, log } = await serve()
    dht.found = async () => Buffer.alloc(60_000)
    const [good, bad] = [await join(api), await join(api)]
    bad.socket.pause()

    for (let i = 0; i < 200; i++) {
      bad.send(...Array.from({ length: 10 }, () => getFrame('a')))
    }

    await eventually(() => expect(log.lines).toEqual([expect.stringMatching(/^warn DHT API: closed .* unread/)]))
    good.send(getFrame('a'))
    expect((await answer(good)).type).toBe(652)
  })
})

describe('clients of real nodes', () => {
  it('get from one what was put to another, until it expires', async () => {
    const a = await nodes.create()
    const b = await nodes.create({ peer: [a.address] })
    const [atA, atB] = [await join(a.dhtApi), await join(b.dhtApi)]
    const began = Date.now()
    atA.send(putFrame('shared', 'between us', { ttl: 8, replication: 2 }))
    await vi.waitFor(async () => {
      atB.send(getFrame('shared'))
      expect(await answer(atB)).toEqual(success('shared', 'between us'))
    }, OFTEN)
    atA.send(getFrame('shared'), getFrame('nothing'))
    expect([await answer(atA), await answer(atA)]).toEqual([success('shared', 'between us'), failure('nothing')])
    await wait(began + 9_000 - Date.now())
    atB.send(getFrame('shared'))
    expect(await answer(atB)).toEqual(failure('shared'))
  })

  it('get at once what they put before on the same connection', async () => {
    const { dhtApi, log } = await nodes.create()
    const client = await join(
      dhtApi,
      putFrame('a', 'mine'),
      getFrame('a'),
      getFrame('b'),
      putFrame('a', 'new'),
      getFrame('a')
    )
    expect([await answer(client), await answer(client), await answer(client)]).toEqual([
      success('a', 'mine'),
      failure('b'),
      success('a', 'new')
    ])
    expect(log.lines.filter((line) => line.startsWith('warn'))).toEqual([])
  })

  it('find what was put before their node was restarted', async () => {
    const flags = { 'data-dir': nodes.dir() }
    const before = await nodes.create(flags)
    const client = await join(before.dhtApi, putFrame('a', 'kept'), getFrame('a'))
    expect(await answer(client)).toEqual(success('a', 'kept'))
    await before.stop()
    const after = await nodes.create(flags)
    expect(await answer(await join(after.dhtApi, getFrame('a')))).toEqual(success('a', 'kept'))
  })
})
