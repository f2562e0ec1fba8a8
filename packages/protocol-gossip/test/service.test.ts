import { noise } from '@libp2p/noise'
import { serviceCapabilities, serviceDependencies } from '@libp2p/interface'
import { yamux } from '@libp2p/yamux'
import { gossip, P2P_PROTOCOL, PROTOCOL } from '@hearsay/protocol-gossip'
import { decode, encode } from '@hearsay/protocol-gossip/codec'
import { sessionEnd } from '@hearsay/protocol-core/testing'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { addressOf, Hosts } from './hosts.ts'
import { nonceFor } from './script.ts'
import type { AnnounceResult, GossipInit, GossipMessage } from '@hearsay/protocol-gossip'
import type { Message } from '@hearsay/protocol-gossip/codec'
import type { Stream } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import type { GossipHost } from './hosts.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const hosts = new Hosts()
afterEach(async () => hosts.stop())

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What the host's application is told */
function heard(host: GossipHost): GossipMessage[] {
  const messages: GossipMessage[] = []
  host.services.gossip.addEventListener('message', ({ detail }) => messages.push(detail))
  return messages
}

/** Until each host has as many verified peers */
async function verified(count: number, ...all: GossipHost[]): Promise<void> {
  await vi.waitFor(
    () => expect(all.map((host) => host.services.gossip.peers.length)).toEqual(all.map(() => count)),
    5_000
  )
}

/** A bare stream to the host's gossip, with what it says */
async function strangerTo(
  host: GossipHost
): Promise<{ stream: Stream; said: Message[]; ended: Promise<unknown>; say(message: Message): void }> {
  const stranger = await hosts.create({}, { services: {} as never })
  const connection = await stranger.dial(host.getMultiaddrs())
  const said: Message[] = []
  const { session, stream, ended } = sessionEnd(await connection.newStream(PROTOCOL), {
    onFrame: (frame) => said.push(decode(frame))
  })
  return {
    stream,
    said,
    ended,
    say: (message) => {
      session.send(encode(message))
      session.flush()
    }
  }
}

describe('gossip between libp2p hosts', () => {
  it('carries an announce along a line, validated at each hop', async () => {
    const a = await hosts.create({ fromConnections: false })
    const b = await hosts.create({ fromConnections: false, knownPeers: [addressOf(a)] })
    const c = await hosts.create({ fromConnections: false, knownPeers: [addressOf(b)] })
    const validated: string[] = []
    ;[a, b, c].forEach((host, i) => {
      host.services.gossip.subscribe(7, (data) => validated.push(`${'abc'[i]} ${new TextDecoder().decode(data)}`) > 0)
    })
    const [atB, atC] = [heard(b), heard(c)]
    await verified(1, a, c)
    await verified(2, b)
    const { id, sentTo, queued } = a.services.gossip.announce(7, bytes('psst'))
    expect([sentTo, queued]).toEqual([1, false])
    await vi.waitFor(() => expect(atC).toHaveLength(1), 20_000)
    expect(atC).toEqual([{ id, dataType: 7, data: bytes('psst'), from: b.peerId.toString() }])
    expect(atB).toHaveLength(1)
    expect(validated).toEqual(['b psst', 'c psst'])
  })

  it.each([
    ['says false', () => false],
    ['says false later', async () => false],
    [
      'throws',
      () => {
        throw new Error('test')
      }
    ],
    ['rejects', async () => Promise.reject(new Error('test'))],
    ['says something that is not true', async () => 'no' as unknown as boolean]
  ])('stops where a validator %s', async (_name, validator) => {
    const a = await hosts.create()
    const b = await hosts.create({ knownPeers: [addressOf(a)] })
    const called = vi.fn(validator)
    a.services.gossip.subscribe(7, called)
    const messages = heard(a)
    await verified(1, a, b)
    b.services.gossip.announce(7, bytes('x'))
    await vi.waitFor(() => expect(called).toHaveBeenCalledTimes(1), 20_000)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(messages).toEqual([])
  })

  it('finds connected peers by itself, whoever made the connection', async () => {
    const [a, b] = [await hosts.create(), await hosts.create()]
    await a.dial(b.getMultiaddrs())
    await verified(1, a, b)
    expect(a.services.gossip.peers).toEqual([{ peer: b.peerId.toString(), direction: 'outbound', dialect: 'gossip' }])
    expect(b.services.gossip.peers).toEqual([{ peer: a.peerId.toString(), direction: 'inbound', dialect: 'gossip' }])
  })

  it('tells a known peer its port before its proof, also right after the start', async () => {
    const stranger = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false }
    })
    const said: Message[] = []
    await stranger.handle(PROTOCOL, (stream) => {
      sessionEnd(stream, { onFrame: (frame) => said.push(decode(frame)) })
    })
    const options = { addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] }, transports: [tcp()] }
    const services = { identify: identify(), gossip: gossip({ knownPeers: stranger.getMultiaddrs().map(String) }) }
    const host = await hosts.create({}, { ...options, services })
    await vi.waitFor(() => expect(said).toHaveLength(1), 5_000)
    const port = Number(
      host
        .getMultiaddrs()[0]!
        .getComponents()
        .find(({ name }) => name === 'tcp')!.value
    )
    expect(said).toEqual([{ type: 'info', port }])
    await stranger.stop()
  })

  it('opens the stream again when it was lost and the connection was not', async () => {
    const [a, b] = [await hosts.create(), await hosts.create()]
    const connection = await a.dial(b.getMultiaddrs())
    await verified(1, a, b)
    const lost = new Promise((resolve) => a.services.gossip.addEventListener('peer:lost', resolve, { once: true }))
    connection.streams.find(({ protocol }) => protocol === PROTOCOL)!.abort(new Error('test'))
    await lost
    await verified(1, a, b)
    expect(a.getConnections().map(({ id }) => id)).toEqual([connection.id])
  })

  it('reads on from a peer whose announces nobody judges in time', async () => {
    const a = await hosts.create({ verdictTimeout: 200, maxOpenVerdicts: 4 })
    const b = await hosts.create({ knownPeers: [addressOf(a)] })
    const messages = heard(a)
    const signals: AbortSignal[] = []
    a.services.gossip.subscribe(7, async (_data, { signal }) => {
      signals.push(signal)
      return new Promise(() => {})
    })
    a.services.gossip.subscribe(8, () => true)
    await verified(1, a, b)

    for (let i = 0; i < 20; i++) {
      b.services.gossip.announce(7, bytes(`${i}`))
    }

    await vi.waitFor(() => expect(signals.length).toBeGreaterThanOrEqual(4), 20_000)
    b.services.gossip.announce(8, bytes('heard?'))
    await vi.waitFor(() => expect(messages).toMatchObject([{ data: bytes('heard?') }]), 5_000)
    await vi.waitFor(() => expect(signals.every(({ aborted }) => aborted)).toBe(true), 5_000)
  })

  it('takes the word of a promise of any kind', async () => {
    const a = await hosts.create()
    const b = await hosts.create({ knownPeers: [addressOf(a)] })
    const messages = heard(a)
    // oxlint-disable-next-line unicorn/no-thenable -- that is what is tested
    const later = { then: (resolve: (valid: boolean) => void): void => void setTimeout(() => resolve(true)) }
    a.services.gossip.subscribe(7, () => later as Promise<boolean>)
    await verified(1, a, b)
    b.services.gossip.announce(7, bytes('x'))
    await vi.waitFor(() => expect(messages).toHaveLength(1), 20_000)
  })

  it('tells each of two announces, one made while the other is judged, what became of it', async () => {
    const a = await hosts.create()
    let inner: bigint | undefined
    a.services.gossip.subscribe(
      7,
      () => {
        inner = a.services.gossip.announce(8, bytes('inner')).id
        return true
      },
      { party: 'other' }
    )
    const outer = a.services.gossip.announce(7, bytes('outer')).id
    const after = a.services.gossip.announce(8, bytes('after')).id
    expect(new Set([outer, inner, after, undefined]).size).toBe(4)
  })

  it('leaves connections alone with fromConnections off', async () => {
    const [a, b] = [await hosts.create({ fromConnections: false }), await hosts.create({ fromConnections: false })]
    const connection = await a.dial(b.getMultiaddrs())
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(connection.streams.filter(({ protocol }) => protocol === PROTOCOL)).toEqual([])
  })

  it('delivers the first announce, made before there was anybody', async () => {
    const a = await hosts.create()
    const messages = heard(a)
    a.services.gossip.subscribe(7, () => true)
    const b = await hosts.create({ knownPeers: [addressOf(a)] })
    expect(b.services.gossip.announce(7, bytes('first'))).toMatchObject({ sentTo: 0, queued: true })
    await vi.waitFor(() => expect(messages).toMatchObject([{ data: bytes('first') }]), 20_000)
  })

  it('learns of others by asking, and dials them', async () => {
    const init = { fromConnections: false, searchCooldown: 1_000, minConnections: 4 }
    const hub = await hosts.create(init)
    const others = await Promise.all([1, 2, 3].map(async () => hosts.create({ ...init, knownPeers: [addressOf(hub)] })))
    // all three know the hub only; in the end everybody knows everybody
    await verified(3, hub, ...others)
  }, 10_000)

  it('says when it is ready, and when it no longer is', async () => {
    const a = await hosts.create()
    const b = await hosts.create({ knownPeers: [addressOf(a)] })
    const changes: boolean[] = []
    b.services.gossip.addEventListener('ready', ({ detail }) => changes.push(detail))
    expect(a.services.gossip.ready).toBe(true)
    await vi.waitFor(() => expect(b.services.gossip.ready).toBe(true), 20_000)
    await a.stop()
    await vi.waitFor(() => expect(b.services.gossip.ready).toBe(false), 20_000)
    expect(changes).toEqual([true, false])
    expect(b.services.gossip.peers).toEqual([])
  })

  it('ends a subscription', async () => {
    const a = await hosts.create()
    const b = await hosts.create({ knownPeers: [addressOf(a)] })
    const messages = heard(a)
    const unsubscribe = a.services.gossip.subscribe(7, () => true)
    await verified(1, a, b)
    b.services.gossip.announce(7, bytes('1'))
    await vi.waitFor(() => expect(messages).toHaveLength(1), 20_000)
    unsubscribe()
    unsubscribe()
    b.services.gossip.announce(7, bytes('2'))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(messages).toHaveLength(1)
  })

  it('is passed on unseen by whom no longer subscribes, where relayUnknown is set', async () => {
    const a = await hosts.create({ fromConnections: false })
    const b = await hosts.create({ fromConnections: false, relayUnknown: true, knownPeers: [addressOf(a)] })
    const c = await hosts.create({ fromConnections: false, knownPeers: [addressOf(b)] })
    const [atB, atC] = [heard(b), heard(c)]
    const validator = vi.fn(() => false)
    const unsubscribe = b.services.gossip.subscribe(7, validator)
    c.services.gossip.subscribe(7, () => true)
    await verified(2, b)
    unsubscribe()
    a.services.gossip.announce(7, bytes('x'))
    await vi.waitFor(() => expect(atC).toHaveLength(1), 20_000)
    expect(validator).not.toHaveBeenCalled()
    expect(atB).toEqual([])
  })

  it('goes on without a validator that unsubscribed while it thought', async () => {
    const a = await hosts.create()
    const b = await hosts.create({ knownPeers: [addressOf(a)] })
    const messages = heard(a)
    const thinking = Promise.withResolvers<boolean>()
    const slow = vi.fn(async () => thinking.promise)
    const unsubscribe = a.services.gossip.subscribe(7, slow)
    a.services.gossip.subscribe(7, () => true, { party: 'other' })
    await verified(1, a, b)
    b.services.gossip.announce(7, bytes('x'))
    await vi.waitFor(() => expect(slow).toHaveBeenCalledTimes(1), 20_000)
    expect(messages).toEqual([])
    unsubscribe()
    await vi.waitFor(() => expect(messages).toHaveLength(1), 20_000)
    thinking.resolve(false)
  })

  it('does not come back with a restart, once a subscription ended', async () => {
    const a = await hosts.create()
    const [ended, kept] = [vi.fn(() => true), vi.fn(() => true)]
    const unsubscribe = a.services.gossip.subscribe(7, ended)
    a.services.gossip.subscribe(7, kept)
    unsubscribe()
    await a.stop()
    await a.start()
    const b = await hosts.create({ knownPeers: [addressOf(a)] })
    await verified(1, a, b)
    b.services.gossip.announce(7, bytes('x'))
    await vi.waitFor(() => expect(kept).toHaveBeenCalledTimes(1), 20_000)
    expect(ended).not.toHaveBeenCalled()
  })

  it('ends no other subscription when one is ended twice', async () => {
    const a = await hosts.create()
    const b = await hosts.create({ knownPeers: [addressOf(a)] })
    const messages = heard(a)
    const unsubscribe = a.services.gossip.subscribe(7, () => false)
    unsubscribe()
    a.services.gossip.subscribe(7, () => true)
    unsubscribe()
    await verified(1, a, b)
    b.services.gossip.announce(7, bytes('x'))
    await vi.waitFor(() => expect(messages).toHaveLength(1), 20_000)
  })

  it('takes no announce for new that it heard before a restart (T10)', async () => {
    const a = await hosts.create({ fromConnections: false })
    const init = { fromConnections: false, knownPeers: [addressOf(a)] }
    const sender = await hosts.create(init)
    const messages = heard(a)
    a.services.gossip.subscribe(7, () => true)
    await verified(1, sender)
    const { id } = sender.services.gossip.announce(7, bytes('once'))
    await vi.waitFor(() => expect(messages).toHaveLength(1), 20_000)
    await a.stop()
    await a.start()
    const stranger = await strangerTo(a)
    await vi.waitFor(() => expect(stranger.said).toHaveLength(1), 20_000)
    const [challenge] = stranger.said
    stranger.say({ type: 'proof', nonce: nonceFor(challenge?.type === 'challenge' ? challenge.challenge : 0n) })
    stranger.say({ type: 'announce', id, ttl: 0, dataType: 7, data: bytes('once') })
    stranger.say({ type: 'announce', id, ttl: 0, dataType: 7, data: bytes('another') })
    await vi.waitFor(() => expect(messages.map(({ data }) => data)).toContainEqual(bytes('another')), 20_000)
    expect(messages).toHaveLength(2)
  })

  it('shows an announce to other parties on the same host only', async () => {
    const a = await hosts.create()
    const seen: string[] = []
    a.services.gossip.subscribe(7, () => seen.push('app') > 0)
    a.services.gossip.subscribe(7, () => seen.push('client') > 0, { party: 'client' })
    a.services.gossip.announce(7, bytes('x'))
    expect(seen.splice(0)).toEqual(['client'])
    a.services.gossip.announce(7, bytes('x'), { party: 'client' })
    expect(seen).toEqual(['app'])
  })

  it('may be told to announce from within a validator and an event', async () => {
    const a = await hosts.create()
    const b = await hosts.create({ knownPeers: [addressOf(a)] })
    const answers = heard(b)
    a.services.gossip.subscribe(7, () => a.services.gossip.announce(8, bytes('validator')).sentTo === 1)
    a.services.gossip.addEventListener('message', () => a.services.gossip.announce(8, bytes('event')))
    b.services.gossip.subscribe(8, () => true)
    await verified(1, a, b)
    b.services.gossip.announce(7, bytes('x'))
    await vi.waitFor(
      () => expect(answers.map(({ data }) => new TextDecoder().decode(data))).toEqual(['validator', 'event']),
      20_000
    )
  })

  it('runs on the multiplexer and encryption under either of their names', async () => {
    const a = await hosts.create()
    const b = await hosts.create(
      { knownPeers: [addressOf(a)] },
      { connectionEncrypters: [noise()], streamMuxers: [yamux()] }
    )
    await verified(1, a, b)
  })
})

describe('what a stranger can do', () => {
  it('gets a challenge, and is cut off for an announce before its proof', async () => {
    const a = await hosts.create()
    const messages = heard(a)
    a.services.gossip.subscribe(7, () => true)
    const stranger = await strangerTo(a)
    await vi.waitFor(() => expect(stranger.said).toMatchObject([{ type: 'challenge' }]), 20_000)
    stranger.say({ type: 'announce', id: 1n, ttl: 0, dataType: 7, data: bytes('x') })
    await stranger.ended
    expect(messages).toEqual([])
  })

  it('is cut off for malformed bytes', async () => {
    const a = await hosts.create()
    const stranger = await strangerTo(a)
    stranger.stream.send(Uint8Array.of(0, 4, 0xff, 0xff))
    await stranger.ended
    expect(a.services.gossip.peers).toEqual([])
  })

  it('is told that its proof is wrong, and closed', async () => {
    const a = await hosts.create({ difficultyBits: 32 })
    const stranger = await strangerTo(a)
    await vi.waitFor(() => expect(stranger.said).toHaveLength(1), 20_000)
    stranger.say({ type: 'proof', nonce: 1n })
    await stranger.ended
    expect(stranger.said[1]).toEqual({ type: 'verdict', valid: false })
  })

  it('is closed for a reason that the application is told, with its name', async () => {
    const a = await hosts.create({ difficultyBits: 32 })
    const closed: unknown[] = []
    const announced: AnnounceResult[] = []
    a.services.gossip.addEventListener('peer:closed', ({ detail }) => {
      closed.push(detail)
      // the engine is ready for what the application does now
      announced.push(a.services.gossip.announce(1, bytes('x')), a.services.gossip.announce(1, bytes('x')))
    })
    const stranger = await strangerTo(a)
    await vi.waitFor(() => expect(stranger.said).toHaveLength(1), 20_000)
    stranger.say({ type: 'proof', nonce: 1n })
    await stranger.ended
    const [connection] = a.getConnections()
    expect(closed).toEqual([{ peer: connection?.remotePeer.toString(), reason: 'wrong proof' }])
    expect(new Set([0n, ...announced.map(({ id }) => id)]).size).toBe(3)
  })

  it('is closed when it says nothing until the challenge times out (B12, T4)', async () => {
    const a = await hosts.create({ challengeTimeout: 1_000 })
    const start = performance.now()
    await (
      await strangerTo(a)
    ).ended
    expect(performance.now() - start).toBeGreaterThan(900)
  })
})

it('neither takes nor opens streams over limited connections, which it would use up', async () => {
  const handle = vi.fn()
  const host = await hosts.create({}, { start: false })
  const { registrar } = (host as unknown as { components: { registrar: Registrar } }).components
  const original = registrar.handle.bind(registrar)
  registrar.handle = async (protocol, handler, options) => {
    handle(protocol, options?.runOnLimitedConnection ?? false)
    return original(protocol, handler, options)
  }
  await host.start()
  const ours = handle.mock.calls.filter(([protocol]) => String(protocol).startsWith('/hearsay'))
  expect(ours).toEqual([
    [PROTOCOL, false],
    [P2P_PROTOCOL, false]
  ])
})

describe('misuse', () => {
  it.each([
    [{ degree: 0 }, 'degree must be an integer from 1 to 1000, and is 0'],
    [{ degree: 7 }, 'degree must be at most minConnections, 6, and is 7'],
    [{ minConnections: 31 }, 'minConnections must be at most maxConnections, 30, and is 31'],
    [{ dialects: [] }, 'dialects must be some of gossip, gossip-p2p, gossip-midterm, each once, and is []'],
    [{ dialects: ['gossip', 'g3'] }, 'each once, and is ["gossip","g3"]'],
    [{ dialects: ['gossip', 'gossip'] }, 'each once, and is ["gossip","gossip"]'],
    [{ knownPeers: ['192.0.2.1:6001'] }, 'knownPeers takes multiaddrs such as /ip4/'],
    [{ knownPeers: ['/ip4/192.0.2.1/tcp/6001', undefined] }, 'and not undefined'],
    [{ knownPeers: '/ip4/192.0.2.1/tcp/6001' }, 'knownPeers must be a list'],
    [{ bootstrapper: '' }, 'bootstrapper takes multiaddrs'],
    [{ bootstrapper: null }, 'and not null'],
    [{ difficultyBits: 65 }, 'difficultyBits must be an integer from 0 to 64, and is 65'],
    [{ degrees: 4 }, /^degrees is no option; known are /]
  ])('%o is refused where it is written', (init: unknown, message) => {
    expect(() => gossip(init as GossipInit)).toThrow(message)
  })

  it('of announce and subscribe is refused with what is allowed', async () => {
    const { gossip: service } = (await hosts.create()).services
    const none = new Uint8Array(0)
    expect(() => service.announce(65_536, none)).toThrow('dataType must be an integer from 0 to 65535, and is 65536')
    expect(() => service.announce(1, none, { ttl: 256 })).toThrow('ttl must be an integer from 0 to 255')
    expect(() => service.announce(1, new Uint8Array(65_520))).toThrow(
      'data.byteLength must be an integer from 0 to 65519'
    )
    expect(() => service.subscribe(-1, () => true)).toThrow('dataType must be an integer')
    // what only JavaScript lets pass
    expect(() => service.subscribe(1, undefined as never)).toThrow('validator must be a function')
    ;['psst', new ArrayBuffer(4), Uint16Array.of(1), undefined].forEach((data) =>
      expect(() => service.announce(1, data as never)).toThrow('data must be a Uint8Array')
    )
  })

  it('before start and after stop is refused with a name', async () => {
    const host = await hosts.create({}, { start: false })
    const announce = (): unknown => host.services.gossip.announce(1, new Uint8Array(0))
    expect(announce).toThrow(expect.objectContaining({ name: 'NotStartedError' }))
    await host.start()
    announce()
    await host.stop()
    expect(announce).toThrow(expect.objectContaining({ name: 'NotStartedError' }))
  })

  it('of its place among services is told to libp2p', async () => {
    const { gossip: service } = (await hosts.create()).services
    const { [serviceCapabilities]: capabilities, [serviceDependencies]: dependencies } = service as unknown as Record<
      symbol,
      string[]
    >
    expect([capabilities, dependencies]).toEqual([['@hearsay/protocol-gossip'], ['@libp2p/identify']])
  })

  it('without identify is refused by libp2p', async () => {
    await expect(hosts.create({}, { services: { gossip: gossip() } as never })).rejects.toThrow(
      expect.objectContaining({ name: 'UnmetServiceDependenciesError' })
    )
  })
})
