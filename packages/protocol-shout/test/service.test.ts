import { NoAnswerError, NoRouteError } from '@hearsay/protocol-shout'
import { afterEach, describe, expect, it } from 'vitest'
import { connect, createHost, heard, Hosts, keyAt, peered, until } from './hosts.ts'
import type { Shout } from '@hearsay/protocol-shout'
import type { AbortOptions } from '@libp2p/interface'

const hosts = new Hosts()
afterEach(async () => hosts.stop())

describe('two hosts', () => {
  it('become peers, and know each other by their keys', async () => {
    const [a, b] = await hosts.many(2)
    await connect(a!, b!)
    await peered(1, a!, b!)
    expect(a!.services.shout.peers).toEqual([{ peer: b!.peerId.toString(), key: b!.services.shout.publicKey }])
    expect(b!.services.shout.peers).toEqual([{ peer: a!.peerId.toString(), key: a!.services.shout.publicKey }])
  })

  it('shout values of all kinds', async () => {
    const [a, b] = await hosts.many(2)
    await connect(a!, b!)
    await peered(1, a!, b!)
    const atB = heard(b!, 'shout')
    const values = [
      null,
      true,
      1.5,
      Number.NaN,
      -Infinity,
      2n ** 64n - 1n,
      -(2n ** 63n),
      'über',
      new Uint8Array([0, 1])
    ]
    const all = [...values, [1, [2, []]], { a: { b: new Uint8Array(0) }, ['__proto__']: 1 }]

    for (const value of all) {
      await a!.services.shout.shout(value)
    }

    await until(() => atB.length === all.length)
    expect(atB.map(({ value }) => value)).toEqual(all)
    expect(atB[0]).toEqual({ value: null, from: a!.services.shout.publicKey, peer: a!.peerId.toString() })
  })

  it('whisper, sealed and in the open', async () => {
    const [a, b] = await hosts.many(2)
    await connect(a!, b!)
    await peered(1, a!, b!)
    const atB = heard(b!, 'whisper')
    await a!.services.shout.whisper(b!.services.shout.publicKey, 'psst')
    await a!.services.shout.whisper(b!.services.shout.publicKey, { plain: true }, { sealed: false, mode: 'direct' })
    expect(atB.map(({ value }) => value)).toEqual(['psst', { plain: true }])
  })

  it('call handlers of each other by name', async () => {
    const [a, b] = await hosts.many(2)
    await connect(a!, b!)
    await peered(1, a!, b!)
    const got: unknown[] = []
    const end = b!.services.shout.custom('chat', (data, { from }) => got.push([data, from]))
    await a!.services.shout.send(b!.services.shout.publicKey, 'chat', 'hi')
    expect(got).toEqual([['hi', a!.services.shout.publicKey]])
    end()
    await expect(a!.services.shout.send(b!.services.shout.publicKey, 'chat', 'hi')).rejects.toThrow(NoAnswerError)
    expect(await a!.services.shout.ping(b!.services.shout.publicKey)).toBeGreaterThan(0)
  })

  it('part when their subnets differ', async () => {
    const a = await hosts.create({ description: 'one' })
    const b = await hosts.create({ description: 'another' })
    await connect(a, b)
    await until(() =>
      a.getConnections().every(({ streams }) => streams.every(({ protocol }) => !protocol?.includes('shout')))
    )
    expect([a.services.shout.peers, b.services.shout.peers]).toEqual([[], []])
  })

  it('say when there is no route', async () => {
    const [a, b] = await hosts.many(2)
    await expect(a!.services.shout.whisper(b!.services.shout.publicKey, 1)).rejects.toThrow(NoRouteError)
  })
})

describe('a call', () => {
  const someKey = new Uint8Array(32)
  type Calling = (shout: Shout, to: Uint8Array, options: AbortOptions) => Promise<unknown>

  it('is refused before the start and after the stop', async () => {
    const host = hosts.add(await createHost({ key: await keyAt(0) }, { start: false }))
    const { shout } = host.services
    const calls = async (): Promise<unknown[]> =>
      Promise.allSettled([
        shout.shout(1),
        shout.speak(1),
        shout.whisper(someKey, 1),
        shout.ping(someKey),
        shout.findNode(someKey),
        shout.store('key', 1),
        shout.changeKey(await keyAt(1))
      ])
    const refused = { status: 'rejected', reason: { name: 'NotStartedError' } }
    expect(await calls()).toMatchObject(Array.from({ length: 7 }, () => refused))
    await host.start()
    await host.stop()
    expect(await calls()).toMatchObject(Array.from({ length: 7 }, () => refused))
    expect(shout.publicKey).toEqual((await keyAt(0)).publicKey.spki)
  })

  it.each<[string, Calling]>([
    ['ping', async (shout, to, options) => shout.ping(to, options)],
    ['send', async (shout, to, options) => shout.send(to, 'chat', 'hi', options)],
    ['whisper', async (shout, to, options) => shout.whisper(to, 'hi', options)],
    ['findNode', async (shout, _to, options) => shout.findNode(someKey, options)],
    ['findValue', async (shout, _to, options) => shout.findValue('key', options)],
    ['findValues', async (shout, _to, options) => shout.findValues('key', options)],
    ['findSubnet', async (shout, _to, options) => shout.findSubnet({}, options)],
    // each under a key of its own: the first may be stored all the same, and then the second comes too late
    ['store', async (shout, _to, options) => shout.store(crypto.randomUUID(), 1, options)]
  ])('%s ends when it is aborted, and the next one is answered', async (_name, call) => {
    const [a, b] = await hosts.many(2)
    b!.services.shout.custom('chat', () => {})
    await connect(a!, b!)
    await peered(1, a!, b!)
    const { shout } = a!.services
    const { publicKey } = b!.services.shout
    const [before, meanwhile] = [new Error('before'), new Error('meanwhile')]
    await expect(call(shout, publicKey, { signal: AbortSignal.abort(before) })).rejects.toBe(before)
    const aborter = new AbortController()
    const aborted = call(shout, publicKey, { signal: aborter.signal })
    // nothing is signed within one turn of the event loop, so nothing is answered either
    aborter.abort(meanwhile)
    await expect(aborted).rejects.toBe(meanwhile)
    const { signal } = new AbortController()
    await call(shout, publicKey, { signal })
    expect(await shout.ping(publicKey)).toBeGreaterThan(0)
  })
})

describe('the table', () => {
  it('keeps a value at the closest nodes, for everybody to find', async () => {
    const all = await hosts.many(5)
    await Promise.all(all.slice(1).map(async (host) => connect(host, all[0]!)))
    await peered(4, all[0]!)
    const [a, , , , e] = all
    const stored = await a!.services.shout.store('some key', { n: 1 })
    expect(stored).toMatchObject({ copies: 5, asked: 5 })
    const found = await e!.services.shout.findValue('some key')
    expect(found).toMatchObject({ value: { n: 1 }, owner: a!.services.shout.publicKey, version: stored.version })
    expect(await e!.services.shout.findValue('another')).toBeUndefined()
  })
})
