import { createServer } from 'node:net'
import { InvalidParametersError } from '@hearsay/protocol-core/pure'
import { TypedEventEmitter } from '@libp2p/interface'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { GossipApiSession } from '../src/api/gossip-api.ts'
import { ApiServer } from '../src/api/server.ts'
import { announceFrame, ApiClient, frame, notifyFrame, OFTEN, u16, validationFrame, within } from './api-client.ts'
import { Nodes, openHandles, peers, recordedLog } from './nodes.ts'
import type { AddressInfo } from 'node:net'
import type { HostPort } from '@hearsay/node'
import type {
  AnnounceOptions,
  AnnounceResult,
  Gossip,
  GossipEvents,
  GossipValidator,
  PartyOptions
} from '@hearsay/protocol-gossip'
import type { RecordedLog, TestNode } from './nodes.ts'

vi.setConfig({ testTimeout: 20_000 })

interface Subscription {
  dataType: number
  party: string
  validator: GossipValidator
}

/** Records what the API asks for, and offers what a network might */
class FakeGossip extends TypedEventEmitter<GossipEvents> implements Gossip {
  readonly peers = []
  readonly ready = true
  readonly announced: { dataType: number; text: string; ttl: number; party: string }[] = []
  readonly subscriptions = new Set<Subscription>()

  subscribe(dataType: number, validator: GossipValidator, { party = '' }: PartyOptions = {}): () => void {
    const subscription = { dataType, party, validator }
    this.subscriptions.add(subscription)
    return () => this.subscriptions.delete(subscription)
  }

  announce(dataType: number, data: Uint8Array, { ttl = -1, party = '' }: AnnounceOptions = {}): AnnounceResult {
    this.announced.push({ dataType, text: Buffer.from(data).toString('latin1'), ttl, party })
    return { id: 0n, sentTo: 0, queued: false }
  }

  /** An announce from the network; the verdict of each subscriber */
  async offer(dataType: number, data: string | Uint8Array, { signal } = new AbortController()): Promise<boolean[]> {
    const asked = [...this.subscriptions].filter((each) => each.dataType === dataType)
    return Promise.all(asked.map(async ({ validator }) => validator(Buffer.from(data), { signal })))
  }
}

interface Harness {
  api: HostPort
  server: ApiServer
  gossip: FakeGossip
  log: RecordedLog
}

const ends: (() => Promise<void> | void)[] = []
const nodes = new Nodes()
afterEach(async () => {
  await Promise.all(ends.splice(0).map(async (end) => end()))
  await nodes.stop()
})

async function serve(host = '127.0.0.1'): Promise<Harness> {
  const [gossip, log] = [new FakeGossip(), recordedLog()]
  let clients = 0
  const server = new ApiServer({
    name: 'gossip API',
    flag: '--gossip-api',
    createSession: (client) => new GossipApiSession(client, gossip, `client ${clients++}`),
    log
  })
  ends.push(async () => server.stop())
  return { api: await server.listen({ host, port: 0 }), server, gossip, log }
}

async function join(api: HostPort, ...frames: Uint8Array[]): Promise<ApiClient> {
  const client = await ApiClient.connect(api)
  ends.push(() => client.close())

  if (frames.length > 0) {
    client.send(...frames)
  }

  return client
}

/** Until the condition holds */
const eventually = async (condition: () => void): Promise<void> => vi.waitFor(condition, OFTEN)

/** A client, once its subscriptions are in force */
async function subscriber({ api, gossip }: Harness, ...dataTypes: number[]): Promise<ApiClient> {
  const before = gossip.subscriptions.size
  const client = await join(api, ...dataTypes.map((dataType) => notifyFrame(dataType)))
  await eventually(() => expect(gossip.subscriptions.size).toBe(before + dataTypes.length))
  return client
}

/** Until all that the client sent so far was handled */
async function handled({ gossip }: Harness, client: ApiClient): Promise<void> {
  const text = `fence ${gossip.announced.length}`
  client.send(announceFrame(0, text))
  await eventually(() => expect(gossip.announced.at(-1)?.text).toBe(text))
  gossip.announced.pop()
}

describe('ANNOUNCE', () => {
  it('is passed on with its ttl, data type and data', async () => {
    const { api, gossip } = await serve()
    await join(api, announceFrame(513, 'psst', { ttl: 3 }))
    await eventually(() =>
      expect(gossip.announced).toEqual([{ dataType: 513, text: 'psst', ttl: 3, party: 'client 0' }])
    )
  })

  it('may be empty, and needs no subscription', async () => {
    const { api, gossip } = await serve()
    await join(api, announceFrame(1, ''))
    await eventually(() => expect(gossip.announced).toMatchObject([{ dataType: 1, text: '', ttl: 0 }]))
    expect(gossip.subscriptions.size).toBe(0)
  })

  it('means the same whatever its reserved byte is', async () => {
    const { api, gossip } = await serve()
    await join(api, announceFrame(1, 'x', { ttl: 255, reserved: 255 }))
    await eventually(() => expect(gossip.announced).toMatchObject([{ dataType: 1, text: 'x', ttl: 255 }]))
  })

  it('comes from a party of its own for each connection', async () => {
    const { api, gossip } = await serve()
    await join(api, announceFrame(1, 'a'))
    await eventually(() => expect(gossip.announced).toHaveLength(1))
    await join(api, announceFrame(1, 'b'))
    await eventually(() => expect(gossip.announced).toHaveLength(2))
    expect(new Set(gossip.announced.map(({ party }) => party)).size).toBe(2)
  })

  it('takes as much data as fits one of the network', async () => {
    const { api, gossip } = await serve()
    await join(api, announceFrame(1, Buffer.alloc(65_519, 'x')))
    await eventually(() => expect(gossip.announced.map(({ text }) => text.length)).toEqual([65_519]))
  })

  it.each([65_520, 65_527])('with %i bytes of data is refused with the reason', async (size) => {
    const { api, gossip, log } = await serve()
    const client = await join(api, announceFrame(1, Buffer.alloc(size)))
    await within(client.closed, 'the end of the connection')
    expect(log.lines).toEqual([
      `warn gossip API: closed ${client.name}: ANNOUNCE of ${size} bytes of data, at most 65519 fit (type 500, ${size + 8} bytes)`
    ])
    expect(gossip.announced).toEqual([])
  })

  it('that the service refuses ends the connection with the reason', async () => {
    const { api, gossip, log } = await serve()
    vi.spyOn(gossip, 'announce').mockImplementation(() => {
      throw new InvalidParametersError('data', 'is not what we like')
    })
    const client = await join(api, announceFrame(1, 'x'))
    await within(client.closed, 'the end of the connection')
    expect(log.lines).toEqual([`warn gossip API: closed ${client.name}: data is not what we like (type 500, 9 bytes)`])
  })
})

describe('NOTIFY', () => {
  it('subscribes, and NOTIFICATION is as the specification has it', async () => {
    const harness = await serve()
    const client = await subscriber(harness, 513)
    void harness.gossip.offer(513, 'psst')
    const { type, body } = await client.next()
    expect([type, body.subarray(2)]).toEqual([502, Buffer.from([2, 1, ...Buffer.from('psst')])])
  })

  it('for several types is told which one each notification is of', async () => {
    const harness = await serve()
    const client = await subscriber(harness, 0, 65_535)
    void harness.gossip.offer(65_535, 'a')
    void harness.gossip.offer(7, 'not subscribed')
    void harness.gossip.offer(0, '')
    expect([await client.notification(), await client.notification()]).toMatchObject([
      { dataType: 65_535, text: 'a' },
      { dataType: 0, text: '' }
    ])
  })

  it('for the same type again changes nothing', async () => {
    const harness = await serve()
    const client = await subscriber(harness, 1)
    client.send(notifyFrame(1), notifyFrame(1))
    await handled(harness, client)
    expect(harness.gossip.subscriptions.size).toBe(1)
    void harness.gossip.offer(1, 'once')
    void harness.gossip.offer(1, 'and done')
    expect([(await client.notification()).text, (await client.notification()).text]).toEqual(['once', 'and done'])
  })

  it('means the same whatever its reserved bytes are', async () => {
    const { api, gossip } = await serve()
    await join(api, notifyFrame(1, { reserved: 0xffff }))
    await eventually(() => expect([...gossip.subscriptions]).toMatchObject([{ dataType: 1 }]))
  })

  it('of two clients notifies both, each under an id of its own', async () => {
    const harness = await serve()
    const [a, b] = [await subscriber(harness, 1), await subscriber(harness, 1)]
    const verdicts = harness.gossip.offer(1, 'psst')
    a.send(validationFrame((await a.notification()).messageId, 1))
    b.send(validationFrame((await b.notification()).messageId, 0))
    expect(await verdicts).toEqual([true, false])
  })

  it('ends with the connection', async () => {
    const harness = await serve()
    const client = await subscriber(harness, 1, 2)
    client.close()
    await eventually(() => expect(harness.gossip.subscriptions.size).toBe(0))
    expect(harness.log.lines).toEqual([])
  })
})

describe('VALIDATION', () => {
  it('that comes when nobody waits for it any longer changes nothing', async () => {
    const harness = await serve()
    const client = await subscriber(harness, 1)
    const waiting = new AbortController()
    let verdicts: boolean[] | undefined
    void harness.gossip.offer(1, 'psst', waiting).then((all) => (verdicts = all))
    const { messageId } = await client.notification()
    waiting.abort()
    client.send(validationFrame(messageId, 1))
    await handled(harness, client)
    expect(verdicts).toBeUndefined()
  })

  it.each([
    [0x0001, true],
    [0xffff, true],
    [0x0000, false],
    [0xfffe, false]
  ])('that ends in %i counts by its lowest bit', async (bits, verdict) => {
    const harness = await serve()
    const client = await subscriber(harness, 1)
    const verdicts = harness.gossip.offer(1, 'x')
    client.send(validationFrame((await client.notification()).messageId, bits))
    expect(await verdicts).toEqual([verdict])
  })

  it('may come in any order', async () => {
    const harness = await serve()
    const client = await subscriber(harness, 1)
    const verdicts = Promise.all([1, 2, 3].map(async (i) => harness.gossip.offer(1, `${i}`)))
    const ids = [await client.notification(), await client.notification(), await client.notification()].map(
      ({ messageId }) => messageId
    )
    client.send(validationFrame(ids[2]!, 1), validationFrame(ids[0]!, 0), validationFrame(ids[1]!, 1))
    expect(await verdicts).toEqual([[false], [true], [true]])
  })

  it('of an id this client was never notified of is ignored', async () => {
    const harness = await serve()
    const [client, stranger] = [await subscriber(harness, 1), await join(harness.api)]
    const verdicts = harness.gossip.offer(1, 'x')
    const { messageId } = await client.notification()
    stranger.send(validationFrame(messageId, 0))
    client.send(validationFrame((messageId + 1) & 0xffff, 0))
    await handled(harness, stranger)
    await handled(harness, client)
    client.send(validationFrame(messageId, 1))
    expect(await verdicts).toEqual([true])
    expect(harness.log.lines).toEqual([])
  })

  it('of the same id again is ignored', async () => {
    const harness = await serve()
    const client = await subscriber(harness, 1)
    const verdicts = harness.gossip.offer(1, 'x')
    const { messageId } = await client.notification()
    client.send(validationFrame(messageId, 1), validationFrame(messageId, 0))
    expect(await verdicts).toEqual([true])
    await handled(harness, client)
    expect(harness.log.lines).toEqual([])
  })

  it('that never comes counts as refused when the client leaves', async () => {
    const harness = await serve()
    const client = await subscriber(harness, 1)
    const verdicts = harness.gossip.offer(1, 'x')
    await client.notification()
    client.close()
    expect(await within(verdicts, 'a verdict')).toEqual([false])
  })

  it('that never comes keeps at most 4,096 open, under ids that differ, also beyond 65,536', async () => {
    const harness = await serve()
    const client = await subscriber(harness, 1)
    const outstanding = new Set<number>()
    const recent: number[] = []
    let [sent, refused] = [0, 0]

    for (let batch = 0; batch < 70; batch++) {
      for (let i = 0; i < 1_000; i++, sent++) {
        void harness.gossip.offer(1, '').then(([valid]) => (refused += valid === false ? 1 : 0))
      }

      for (let i = 0; i < 1_000; i++) {
        const { messageId } = await client.notification()
        recent.push(messageId)

        if (recent.length > 4_096) {
          outstanding.delete(recent.shift()!)
        }

        expect(outstanding.has(messageId)).toBe(false)
        outstanding.add(messageId)
      }
    }

    expect([sent, refused]).toEqual([70_000, 70_000 - 4_096])
  })
})

describe('messages', () => {
  const pipelined = [notifyFrame(1), announceFrame(2, 'a'), announceFrame(3, 'b'), notifyFrame(4)]
  const effect = (gossip: FakeGossip): unknown => [
    gossip.announced.map(({ dataType }) => dataType),
    [...gossip.subscriptions].map(({ dataType }) => dataType)
  ]

  it('may come several in one piece', async () => {
    const { api, gossip } = await serve()
    await join(api, ...pipelined)
    await eventually(() =>
      expect(effect(gossip)).toEqual([
        [2, 3],
        [1, 4]
      ])
    )
  })

  it('may come byte by byte', async () => {
    const { api, gossip } = await serve()
    const client = await join(api)

    for (const byte of Buffer.concat(pipelined)) {
      client.send(Uint8Array.of(byte))
      await new Promise(setImmediate)
    }

    await eventually(() =>
      expect(effect(gossip)).toEqual([
        [2, 3],
        [1, 4]
      ])
    )
  })

  it('end a client that wants more data types than one may have', async () => {
    const { api, gossip, log } = await serve()
    const all = Array.from({ length: 1_025 }, (_, type) => notifyFrame(type))
    const client = await join(api, ...all)
    await within(client.closed, 'the end of the connection')
    expect(log.lines).toEqual([
      `warn gossip API: closed ${client.name}: more than 1024 data types, of which one client may have no more (type 501, 8 bytes)`
    ])
    await eventually(() => expect(gossip.subscriptions.size).toBe(0))
  })

  it('before a malformed one in the same piece count', async () => {
    const { api, gossip } = await serve()
    const client = await join(api, announceFrame(2, 'a'), frame(499), announceFrame(3, 'after'))
    await within(client.closed, 'the end of the connection')
    expect(effect(gossip)).toEqual([[2], []])
  })

  const malformed: [string, Buffer, string][] = [
    ['a size of 0', Buffer.from([0, 0]), 'a frame of 0 bytes cannot hold its own length'],
    ['a size of 1', Buffer.from([0, 1, 1]), 'a frame of 1 bytes cannot hold its own length'],
    ['a size without type', Buffer.from([0, 2]), 'a message of 2 bytes has no room for its type'],
    ['a size with half a type', Buffer.from([0, 3, 1]), 'a message of 3 bytes has no room for its type'],
    ['type 499', frame(499, [0, 0, 0, 0]), 'unknown message type 499 (type 499, 8 bytes)'],
    ['type 504', frame(504, [0, 0, 0, 0]), 'unknown message type 504 (type 504, 8 bytes)'],
    ['type 0', frame(0), 'unknown message type 0 (type 0, 4 bytes)'],
    [
      'NOTIFICATION',
      frame(502, u16(1), u16(1), Buffer.from('x')),
      'NOTIFICATION is for nodes to send (type 502, 9 bytes)'
    ],
    ['NOTIFICATION too short', frame(502, u16(1)), '2 bytes expected, 0 left (type 502, 6 bytes)'],
    ['ANNOUNCE too short', frame(500, [1, 0, 0]), '2 bytes expected, 1 left (type 500, 7 bytes)'],
    ['NOTIFY too short', frame(501, [0, 0]), '2 bytes expected, 0 left (type 501, 6 bytes)'],
    ['NOTIFY too long', frame(501, u16(0), u16(1), [0, 0]), '2 bytes too many (type 501, 10 bytes)'],
    ['VALIDATION too short', frame(503, u16(1)), '2 bytes expected, 0 left (type 503, 6 bytes)'],
    ['VALIDATION too long', frame(503, u16(1), u16(1), [0]), '1 bytes too many (type 503, 9 bytes)'],
    [
      'HTTP',
      Buffer.from('GET / HTTP/1.1\r\n\r\n'.padEnd(0x4745)),
      'unknown message type 21536 (type 21536, 18245 bytes)'
    ]
  ]

  it.each(malformed)('such as %s end that connection only, with a line that says why', async (_name, bytes, why) => {
    const harness = await serve()
    const [good, bad] = [await subscriber(harness, 1), await subscriber(harness, 1)]
    bad.send(bytes)
    await within(bad.closed, 'the end of the connection')
    await eventually(() => expect(harness.log.lines).toEqual([`warn gossip API: closed ${bad.name}: ${why}`]))
    expect(harness.gossip.subscriptions.size).toBe(1)
    const verdicts = harness.gossip.offer(1, 'still here')
    good.send(validationFrame((await good.notification()).messageId, 1))
    expect(await verdicts).toEqual([true])
  })

  it.each([
    ['the size', Buffer.from([0])],
    ['the type', Buffer.from([0, 8, 1])],
    ['the body', notifyFrame(1).subarray(0, 7)],
    ['65,535 bytes', announceFrame(1, Buffer.alloc(65_527)).subarray(0, 40_000)]
  ])('that end within %s are told', async (_name, bytes) => {
    const { api, log } = await serve()
    const client = await join(api, bytes)
    client.socket.end()
    await within(client.closed, 'the end of the connection')
    await eventually(() =>
      expect(log.lines).toEqual([`warn gossip API: closed ${client.name}: the connection ended within a message`])
    )
  })
})

describe('a client', () => {
  it('that closes its side has its messages handled, and is gone', async () => {
    const harness = await serve()
    const client = await ApiClient.connect(harness.api, { allowHalfOpen: true })
    ends.push(() => client.close())
    client.socket.end(Buffer.concat([notifyFrame(1), announceFrame(2, 'last words')]))
    await within(client.closed, 'the end of the connection')
    await eventually(() => expect(harness.gossip.announced).toMatchObject([{ text: 'last words' }]))
    expect(harness.gossip.subscriptions.size).toBe(0)
    expect(harness.log.lines).toEqual([])
  })

  it.each([
    ['large', 60_000],
    ['small', 100],
    ['empty', 0]
  ])(
    'that reads no notifications that are %s is dropped, with one line, while others go on',
    async (_name, size) => {
      const harness = await serve()
      const [good, bad] = [await subscriber(harness, 1), await subscriber(harness, 2)]
      bad.socket.pause()
      const data = Buffer.alloc(size)
      let offered = 0

      while (harness.gossip.subscriptions.size === 2 && offered < 2_000_000) {
        for (let i = 0; i < 1_000; i++, offered++) {
          void harness.gossip.offer(2, data)
        }

        const verdicts = harness.gossip.offer(1, 'still here')
        good.send(validationFrame((await good.notification()).messageId, 1))
        expect(await verdicts).toEqual([true])
      }

      bad.socket.resume()
      await within(bad.closed, 'the end of the connection')
      const [, messages, unread] = /left (\d+) messages unread, (\d+) bytes$/.exec(harness.log.lines.join('\n')) ?? []
      expect(harness.log.lines).toEqual([
        `warn gossip API: closed ${bad.name}: it left ${messages} messages unread, ${unread} bytes`
      ])
      // 4 MiB, give or take a message, where each counts as 256 bytes more than it has
      const kept = Number(unread) + 256 * Number(messages)
      expect(Math.abs(kept - 2 ** 22)).toBeLessThan(66_000)
      // as many as a million small ones, on a machine that may be busy
    },
    90_000
  )

  it('is one of 200 that are all served', async () => {
    const harness = await serve()
    const clients = await Promise.all(Array.from({ length: 200 }, async () => join(harness.api, notifyFrame(1))))
    await eventually(() => expect(harness.gossip.subscriptions.size).toBe(200))
    const verdicts = harness.gossip.offer(1, 'to all')
    await Promise.all(
      clients.map(async (client) => client.send(validationFrame((await client.notification()).messageId, 1)))
    )
    expect(await verdicts).toEqual(clients.map(() => true))
  })

  it('beyond 1,024 is refused, and those before it stay', async () => {
    const harness = await serve()
    const clients = await Promise.all(Array.from({ length: 1_024 }, async () => join(harness.api, notifyFrame(1))))
    await eventually(() => expect(harness.gossip.subscriptions.size).toBe(1_024))
    const late = await join(harness.api)
    await within(late.closed, 'the end of the connection')
    await eventually(() =>
      expect(harness.log.lines).toEqual([`warn gossip API: closed ${late.name}: there are 1024 clients already`])
    )
    await handled(harness, clients[1_023]!)
    expect(harness.gossip.subscriptions.size).toBe(1_024)
  })

  it('that connects and vanishes leaves nothing, and no line', async () => {
    const harness = await serve()
    for (let round = 0; round < 20; round++) {
      const clients = await Promise.all(Array.from({ length: 10 }, async () => join(harness.api)))
      clients.forEach((client, i) => {
        if (i % 2 === 0) {
          client.send(notifyFrame(1), notifyFrame(2).subarray(0, i))
        }

        client.socket.resetAndDestroy()
      })
    }

    const client = await join(harness.api)
    await handled(harness, client)
    client.close()
    await eventually(() => expect(openHandles()).not.toHaveProperty('TCPSocketWrap'))
    expect(harness.gossip.subscriptions.size).toBe(0)
    expect(harness.log.lines).toEqual([])
  })
})

describe('the server', () => {
  it.each(['127.0.0.1', '::1', 'localhost'])('on %s is for this machine, and says nothing', async (host) => {
    const { log } = await serve(host)
    expect(log.lines).toEqual([])
  })

  it.each(['0.0.0.0', '::'])('on %s warns that others can use it', async (host) => {
    const { log } = await serve(host)
    expect(log.lines).toEqual([`warn the gossip API listens on ${host}: anybody who reaches that address can use it`])
  })

  it('tells the port that port 0 picked', async () => {
    const { api } = await serve()
    expect(api).toEqual({ host: '127.0.0.1', port: expect.toSatisfy((port) => Number(port) > 0) as number })
  })

  it('refuses a port that is in use by the name of the flag', async () => {
    const { api } = await serve()
    const server = new ApiServer({
      name: 'gossip API',
      flag: '--gossip-api',
      createSession: vi.fn(),
      log: recordedLog()
    })
    await expect(server.listen(api)).rejects.toThrow(
      expect.objectContaining({
        name: 'StartError',
        message: `cannot listen on 127.0.0.1:${api.port} for the gossip API (--gossip-api): the port is in use; port 0 picks a free one`
      })
    )
  })

  it('stops twice, ends its clients and frees its port', async () => {
    const harness = await serve()
    const client = await subscriber(harness, 1)
    await Promise.all([harness.server.stop(), harness.server.stop()])
    await harness.server.stop()
    await within(client.closed, 'the end of the connection')
    await eventually(() => expect(harness.gossip.subscriptions.size).toBe(0))
    const next = createServer()
    await new Promise<void>((resolve, reject) => {
      next.once('error', reject)
      next.listen(harness.api.port, '127.0.0.1', resolve)
    })
    expect((next.address() as AddressInfo).port).toBe(harness.api.port)
    await new Promise((resolve) => next.close(resolve))
    expect(harness.log.lines).toEqual([])
  })
})

describe('clients of a real node', () => {
  const FENCE = 9

  /** A client, once its subscriptions are in force */
  async function subscribed({ gossipApi, libp2p }: TestNode, dataType: number): Promise<ApiClient> {
    const client = await join(gossipApi, notifyFrame(dataType), notifyFrame(FENCE))
    await eventually(() => {
      libp2p.services.gossip.announce(FENCE, Buffer.of())
      expect(client.waiting.length).toBeGreaterThan(0)
    })
    return client
  }

  /** The next notification that is no fence */
  async function heard(client: ApiClient): Promise<string> {
    for (;;) {
      const { dataType, text } = await client.notification()

      if (dataType !== FENCE) {
        return text
      }
    }
  }

  it('hear the announces of each other, and never their own', async () => {
    const node = await nodes.create()
    const [a, b] = [await subscribed(node, 1), await subscribed(node, 1)]
    a.send(announceFrame(1, 'from a'))
    expect(await heard(b)).toBe('from a')
    b.send(announceFrame(1, 'from b'))
    // its own would have come before
    expect(await heard(a)).toBe('from b')
    a.send(announceFrame(1, 'again from a'))
    expect(await heard(b)).toBe('again from a')
  })

  it('that leave with 300 verdicts open do not stop the node from reading its peer', async () => {
    const a = await nodes.create()
    const b = await nodes.create({ peer: [a.address] })
    await Promise.all([peers(a, 1), peers(b, 1)])
    const [leaving, staying] = [await subscribed(a, 1), await subscribed(a, 2)]

    for (let i = 0; i < 300; i++) {
      b.libp2p.services.gossip.announce(1, Uint8Array.from(u16(i)))
    }

    for (let i = 0; i < 256; i++) {
      await heard(leaving)
    }

    leaving.close()
    await eventually(() => {
      b.libp2p.services.gossip.announce(2, Buffer.from('still here'))
      expect(staying.waiting.some(({ body }) => body.readUInt16BE(2) === 2)).toBe(true)
    })
  })
})
