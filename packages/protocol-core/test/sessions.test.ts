import { peerKey, Sessions } from '@hearsay/protocol-core'
import { ByteReader, ByteWriter, fixedPrefix } from '@hearsay/protocol-core/pure'
import { defaultLogger } from '@libp2p/logger'
import { MemoryDatastore } from 'datastore-core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createHost, TEST_PROTOCOL } from './hosts.ts'
import type { SessionInput, SessionsComponents, SessionsInit } from '@hearsay/protocol-core'
import type { Effect, PeerKey } from '@hearsay/protocol-core/pure'
import type { Connection, Libp2p } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** Within what a busy machine needs */
const eventually = async <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, 30_000)

type Message = number
type DialEffect = Extract<Effect<never, never, never>, { type: 'dial' }>

const init: SessionsInit<Message> = {
  wires: [
    {
      protocol: TEST_PROTOCOL,
      codec: {
        encode: (message) => new ByteWriter().u32(message).done(),
        decode: (frame) => {
          const reader = new ByteReader(frame)
          const message = reader.u32()
          reader.end()
          return message
        }
      },
      prefix: fixedPrefix(2, { inclusive: true }),
      maxFrameBytes: 100
    }
  ],
  maxPeers: 10,
  maxDials: 4,
  dialTimeout: 20_000,
  maxQueuedBytes: 2 ** 20,
  maxOpenAsks: 16,
  closeTimeout: 300
}

interface Party {
  host: Libp2p
  self: PeerKey
  sessions: Sessions<Message>
  inputs: SessionInput<Message>[]
  /** The inputs of one type */
  of<T extends SessionInput<Message>['type']>(type: T): Extract<SessionInput<Message>, { type: T }>[]
  dial(other: Party): Promise<void>
}

const parties: Party[] = []

async function createParty(overrides: Partial<SessionsInit<Message>> = {}, options: Partial<Libp2pOptions> = {}) {
  const host = await createHost(options)
  const components = (host as unknown as { components: SessionsComponents }).components
  const sessions = new Sessions(components, { ...init, ...overrides }, defaultLogger().forComponent('test'))
  const inputs: SessionInput<Message>[] = []
  await sessions.start((input) => inputs.push(input))
  let dials = 0
  const party: Party = {
    host,
    self: peerKey(host.peerId),
    sessions,
    inputs,
    of: (type) => inputs.filter((input) => input.type === type) as never,
    dial: (other) => sessions.dial(dialEffect(String(dials++), other))
  }
  parties.push(party)
  return party
}

function dialEffect(dial: string, other: Party): DialEffect {
  return { type: 'dial', dial, peer: other.self, addresses: other.host.getMultiaddrs().map(String) }
}

/** A slow peer store, as on a disk: it widens every gap between a stream and its handler */
function slowDatastore(): MemoryDatastore {
  const store = new MemoryDatastore()
  const wait = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))
  const [get, put] = [store.get.bind(store), store.put.bind(store)]
  return Object.assign(store, {
    get: async (...args: Parameters<typeof get>) => wait().then(() => get(...args)),
    put: async (...args: Parameters<typeof put>) => wait().then(() => put(...args))
  })
}

afterEach(async () => {
  await Promise.all(parties.splice(0).map(({ sessions, host }) => sessions.stop().then(() => host.stop())))
})

describe('sessions', () => {
  it('report both sides of a dial, and carry messages', async () => {
    const [a, b] = [await createParty(), await createParty()]
    await a.dial(b)
    expect(a.inputs.filter(({ type }) => type !== 'found')).toEqual([
      { type: 'connected', peer: b.self, direction: 'outbound', protocol: TEST_PROTOCOL, group: expect.any(String) },
      { type: 'dialled', dial: '0', peer: b.self }
    ])
    await eventually(() => expect(b.of('connected')).toMatchObject([{ peer: a.self, direction: 'inbound' }]))
    a.sessions.send(b.self, 7)
    b.sessions.send(a.self, 8, true)
    await eventually(() =>
      expect([a.of('message'), b.of('message')]).toMatchObject([[{ message: 8 }], [{ message: 7 }]])
    )
  })

  it('report a dial that failed, and nothing else', async () => {
    const [a, b] = [await createParty(), await createParty()]
    await b.host.stop()
    await a.dial(b)
    await a.sessions.dial({ type: 'dial', dial: 'x', addresses: ['no multiaddr'] })
    await a.sessions.dial({ type: 'dial', dial: 'y', addresses: [] })
    expect(a.inputs).toEqual([
      { type: 'dialled', dial: '0' },
      { type: 'dialled', dial: 'x' },
      { type: 'dialled', dial: 'y' }
    ])
  })

  it('dial over a connection there is, and no other, when told so', async () => {
    const [a, b] = [await createParty(), await createParty()]
    const overConnection = { type: 'dial', peer: b.self, addresses: [], connected: true } as const
    await a.host.peerStore.merge(b.host.peerId, { multiaddrs: b.host.getMultiaddrs() })
    await a.sessions.dial({ ...overConnection, dial: 'none' })
    expect(a.of('dialled')).toEqual([{ type: 'dialled', dial: 'none' }])
    expect(a.host.getConnections()).toEqual([])
    const { id } = await a.host.dial(b.host.getMultiaddrs())
    await a.sessions.dial({ ...overConnection, dial: 'one' })
    expect(a.of('dialled')).toEqual([
      { type: 'dialled', dial: 'none' },
      { type: 'dialled', dial: 'one', peer: b.self }
    ])
    expect(a.sessions.connection(b.self)?.id).toBe(id)
  })

  it('dial over no connection that a relay limits, where there is another', async () => {
    const [a, b] = [await createParty(), await createParty()]
    const overConnection = { type: 'dial', peer: b.self, addresses: [], connected: true } as const
    const limited = await a.host.dial(b.host.getMultiaddrs())
    limited.limits = { bytes: 1_000n }
    await a.sessions.dial({ ...overConnection, dial: 'limited' })
    expect(a.of('dialled')).toEqual([{ type: 'dialled', dial: 'limited' }])
    const { id } = await a.host.dial(b.host.getMultiaddrs(), { force: true })
    expect(a.host.getConnections(b.host.peerId)).toHaveLength(2)
    await a.sessions.dial({ ...overConnection, dial: 'other' })
    expect(a.of('dialled')[1]).toEqual({ type: 'dialled', dial: 'other', peer: b.self })
    expect(a.sessions.connection(b.self)?.id).toBe(id)
  })

  it('reach a peer by address alone, and do not talk to themselves', async () => {
    const [a, b] = [await createParty(), await createParty()]
    const withoutId = (party: Party): string =>
      party.host
        .getMultiaddrs()[0]!
        .toString()
        .replace(/\/p2p\/.*/, '')
    await a.sessions.dial({ type: 'dial', dial: 'b', addresses: [withoutId(b)] })
    await a.sessions.dial({ type: 'dial', dial: 'me', addresses: [withoutId(a)] })
    expect(a.of('dialled')).toEqual([
      { type: 'dialled', dial: 'b', peer: b.self },
      { type: 'dialled', dial: 'me' }
    ])
    expect(a.of('connected')).toHaveLength(1)
  })

  it('tell of connected peers that speak the protocol, once identify is through', async () => {
    const [a, b] = [await createParty(), await createParty()]
    await a.host.dial(b.host.getMultiaddrs())
    await eventually(() => expect(a.of('found')).toEqual([{ type: 'found', peer: b.self, direction: 'outbound' }]))
    await eventually(() => expect(b.of('found')).toEqual([{ type: 'found', peer: a.self, direction: 'inbound' }]))
    expect(a.of('connected')).toEqual([])
  })

  it('keep one of two crossing streams, the same on both sides', async () => {
    for (let round = 0; round < 5; round++) {
      const options = { datastore: slowDatastore() }
      const [a, b] = [await createParty({}, options), await createParty({}, { datastore: slowDatastore() })]
      await Promise.all([a.dial(b), b.dial(a)])
      const [low, high] = a.self < b.self ? [a, b] : [b, a]
      const open = (party: Party): string[] =>
        party.inputs.reduce<string[]>(
          (now, input) =>
            input.type === 'connected' ? [...now, input.direction] : input.type === 'disconnected' ? now.slice(1) : now,
          []
        )
      await eventually(() => expect([open(low), open(high)]).toEqual([['outbound'], ['inbound']]))
      low.sessions.send(high.self, round)
      await eventually(() => expect(high.of('message')).toMatchObject([{ message: round }]))
      expect([open(low), open(high)]).toEqual([['outbound'], ['inbound']])
    }
  })

  it('reset a second stream on the same connection at once', async () => {
    const [a, b] = [await createParty(), await createParty()]
    await a.dial(b)
    await eventually(() => expect(b.of('connected')).toHaveLength(1))
    const connection = a.sessions.connection(b.self) as Connection
    const extra = await Promise.all([1, 2, 3].map(() => connection.newStream(TEST_PROTOCOL)))
    await eventually(() => expect(extra.map(({ status }) => status)).toEqual(['reset', 'reset', 'reset']))
    a.sessions.send(b.self, 5)
    await eventually(() => expect(b.of('message')).toMatchObject([{ message: 5 }]))
    expect(b.of('disconnected')).toEqual([])
  })

  it('take a peer that lost its connection unnoticed and comes back on a new one', async () => {
    const [a, b] = [await createParty(), await createParty()]
    await a.dial(b)
    await eventually(() => expect(b.of('connected')).toHaveLength(1))
    const connection = await a.host.dial(b.host.getMultiaddrs(), { force: true })
    await connection.newStream(TEST_PROTOCOL)
    await eventually(() =>
      expect(b.inputs.map(({ type }) => type).filter((type) => type !== 'found')).toEqual([
        'connected',
        'disconnected',
        'connected'
      ])
    )
  })

  it('leave nothing registered when they are stopped while they start', async () => {
    const a = await createParty()
    await a.sessions.stop()
    const starting = a.sessions.start((input) => a.inputs.push(input))
    await a.sessions.stop()
    await starting
    expect(a.host.getProtocols()).not.toContain(TEST_PROTOCOL)
    const b = await createParty()
    await a.host.dial(b.host.getMultiaddrs())
    await eventually(() => expect(b.inputs).toEqual([]))
    await eventually(async () => {
      const { protocols } = await a.host.peerStore.get(b.host.peerId)
      expect(protocols).toContain(TEST_PROTOCOL)
    })
    expect(a.of('found')).toEqual([])
  })

  it('say nothing of dials of the run before', async () => {
    const [a, b] = [await createParty(), await createParty()]
    const dialling = a.dial(b)
    await a.sessions.stop()
    await a.sessions.start((input) => a.inputs.push(input))
    await dialling
    expect(a.of('dialled')).toEqual([])
  })

  it('send no frame that is too long for the other side', async () => {
    const b = await createParty()
    const [wire] = init.wires
    const long = { ...wire, codec: { ...wire.codec, encode: (n: Message) => new Uint8Array(n === 1 ? 101 : 4) } }
    const c = await createParty({ wires: [long] })
    await c.dial(b)
    c.sessions.send(b.self, 1)
    c.sessions.send(b.self, 2)
    await eventually(() => expect(b.of('message')).toMatchObject([{ peer: c.self, message: 0 }]))
    expect(b.of('malformed')).toEqual([])
  })

  it('refuse newcomers beyond maxPeers', async () => {
    const b = await createParty({ maxPeers: 1 })
    const [a, c] = [await createParty(), await createParty()]
    await a.dial(b)
    await eventually(() => expect(b.of('connected')).toHaveLength(1))
    await c.dial(b)
    await eventually(() => expect(c.sessions.has(b.self)).toBe(false))
    expect(b.of('connected')).toEqual([expect.objectContaining({ peer: a.self })])
  })

  it('fail dials beyond maxDials at once', async () => {
    const [a, b] = [await createParty({ maxDials: 1 }), await createParty()]
    const both = [a.dial(b), a.dial(b)]
    expect(a.inputs).toEqual([{ type: 'dialled', dial: '1' }])
    await Promise.all(both)
  })

  it('report malformed bytes, and read no further', async () => {
    const [a, b] = [await createParty(), await createParty()]
    const connection = await a.host.dial(b.host.getMultiaddrs())
    const stream = await connection.newStream(TEST_PROTOCOL)
    stream.send(Uint8Array.of(0, 6, 0, 0, 0, 1, 0, 5, 0, 0, 1, 0, 6, 0, 0, 0, 2))
    await eventually(() => expect(b.of('malformed')).toEqual([{ type: 'malformed', peer: a.self }]))
    stream.send(Uint8Array.of(0, 6, 0, 0, 0, 3))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(b.of('message')).toEqual([{ type: 'message', peer: a.self, message: 1 }])
    expect(b.of('malformed')).toHaveLength(1)
  })

  it('pause reading from a peer with many open asks only', async () => {
    const [a, b] = [await createParty(), await createParty()]
    await a.dial(b)
    await eventually(() => expect(b.of('connected')).toHaveLength(1))
    const stream = b.sessions.connection(a.self)!.streams.find(({ protocol }) => protocol === TEST_PROTOCOL)!
    const answered = Array.from({ length: 16 }, () => b.sessions.asked(a.self))
    await eventually(() => expect(stream.readStatus).toBe('paused'))
    answered.slice(0, 8).forEach((each) => each())
    await eventually(() => expect(stream.readStatus).toBe('readable'))
  })

  it('stop within the close timeout while a peer stalls, and start again', async () => {
    const [a, b] = [await createParty(), await createParty()]
    const connection = await a.host.dial(b.host.getMultiaddrs())
    const stream = await connection.newStream(TEST_PROTOCOL)
    stream.pause()
    await eventually(() => expect(b.of('connected')).toHaveLength(1))
    const start = performance.now()
    await b.sessions.stop()
    expect(performance.now() - start).toBeLessThan(1_000)
    expect(b.of('disconnected')).toHaveLength(1)
    await expect(connection.newStream(TEST_PROTOCOL)).rejects.toThrow()
    await b.sessions.start((input) => b.inputs.push(input))
    await a.dial(b)
    expect(a.of('connected')).toHaveLength(1)
  })
})
