import { generateRsaKey, RsaPublicKey } from '@hearsay/protocol-core'
import { DecodeError } from '@hearsay/protocol-core/pure'
import { BusyError, NoAnswerError, NotStoredError, PROTOCOL, unseal } from '@hearsay/protocol-shout'
import { decodeMessages, encodeValue, Opcode, packMessages, unsignedMessage } from '@hearsay/protocol-shout/codec'
import { MemoryDatastore } from 'datastore-core'
import { afterEach, describe, expect, it } from 'vitest'
import { connect, createHost, heard, Hosts, keyAt, peered, until } from './hosts.ts'
import { TestMetrics } from './metrics.ts'
import { identify } from '@libp2p/identify'
import type { Stream } from '@libp2p/interface'
import type { ShoutHost } from './hosts.ts'

const hosts = new Hosts()
afterEach(async () => hosts.stop())

/** A line of hosts, each connected to the next */
async function line(count: number, init: Parameters<Hosts['create']>[0] = {}): Promise<ShoutHost[]> {
  const all = await hosts.many(count, { autoDial: false, ...init })

  for (let i = 0; i + 1 < count; i++) {
    await connect(all[i]!, all[i + 1]!)
  }

  await Promise.all(all.map(async (host, i) => peered(i === 0 || i === count - 1 ? 1 : 2, host)))
  return all
}

describe('hooks', () => {
  it('decide whether a SHOUT is passed on', async () => {
    const relayShout = ({ value }: { value: unknown }): boolean => value !== 'secret'
    const [a, b, c] = await line(3, { relayShout })
    const [atB, atC] = [heard(b!, 'shout'), heard(c!, 'shout')]
    await a!.services.shout.shout('secret')
    await a!.services.shout.shout('news')
    await until(() => atC.length > 0)
    expect([atB, atC].map((all) => all.map(({ value }) => value))).toEqual([['secret', 'news'], ['news']])
  })

  // T5
  it('have their peer read no further while they have not decided', async () => {
    const decide = Promise.withResolvers<boolean>()
    const [a, b] = await line(2, { relayShout: async () => decide.promise, requestTimeout: 1_000 })
    const atB = heard(b!, 'shout')

    // one after the other, each a transmission of its own
    for (let i = 0; i < 200; i++) {
      await a!.services.shout.shout(i)
    }

    // the answer stands behind what is not read
    await expect(b!.services.shout.ping(a!.services.shout.publicKey)).rejects.toThrow(NoAnswerError)
    expect(atB.length).toBeLessThan(200)
    decide.resolve(true)
    await until(() => atB.length === 200)
    expect(atB.map(({ value }) => value)).toEqual(Array.from({ length: 200 }, (_, i) => i))
  })

  it('decide whether a SPEAK is', async () => {
    const forwardSpeak = async ({ value }: { value: unknown }): Promise<boolean> => value === 'pass it on'
    const [a, b, c] = await line(3, { forwardSpeak })
    const [atB, atC] = [heard(b!, 'speak'), heard(c!, 'speak')]
    await a!.services.shout.speak('for you')
    await a!.services.shout.speak('pass it on')
    await until(() => atC.length > 0)
    expect([atB, atC].map((all) => all.map(({ value }) => value))).toEqual([['for you', 'pass it on'], ['pass it on']])
  })
})

describe('what is ready in one tick', () => {
  it('is passed on in one transmission', async () => {
    const [a, b, c] = await line(3, { compression: [] })
    const [stream] = streamsOf(a!, b!)
    const key = await keyAt(9)
    const { spki } = key.publicKey
    const sign = async (value: number): Promise<Uint8Array> => {
      const parts = { opcode: Opcode.SHOUT, sealed: false, from: spki, to: spki, payload: encodeValue(value) }
      const bytes = unsignedMessage(2_048, parts)
      bytes.set(await key.sign(bytes.subarray(256), 'PSS'))
      return bytes
    }
    const arrived: number[] = []
    streamsOf(c!, b!)[0]!.addEventListener('message', ({ data }) => {
      arrived.push(messagesIn(data.slice() as Uint8Array).filter(({ opcode }) => opcode === Opcode.SHOUT).length)
    })
    const atC = heard(c!, 'shout')
    stream!.send(packMessages(await Promise.all([1, 2, 3].map(sign))))
    await until(() => atC.length === 3)
    expect(arrived.filter((count) => count > 0)).toEqual([3])
  })
})

function streamsOf(host: ShoutHost, peer: ShoutHost): Stream[] {
  return host
    .getConnections(peer.peerId)
    .flatMap(({ streams }) => streams.filter(({ protocol }) => protocol === PROTOCOL))
}

describe('compression', () => {
  it.each([['zlib'], ['gzip'], ['snappy']] as const)('by %s carries what is large', async (name) => {
    const [a, b] = await line(2, { compression: [name] })
    const atB = heard(b!, 'shout')
    const value = 'large and dull '.repeat(10_000)
    await a!.services.shout.shout(value)
    await until(() => atB.length === 1)
    expect(atB[0]!.value).toBe(value)
  })

  it('is not needed by peers without', async () => {
    const a = await hosts.create({ compression: [] })
    const b = await hosts.create()
    await connect(a, b)
    await peered(1, a, b)
    const [atA, atB] = [heard(a, 'shout'), heard(b, 'shout')]
    await a.services.shout.shout('x'.repeat(10_000))
    await b.services.shout.shout('y'.repeat(10_000))
    await until(() => atA.length === 1 && atB.length === 1)
    expect([atA[0]!.value, atB[0]!.value]).toEqual(['y'.repeat(10_000), 'x'.repeat(10_000)])
  })
})

describe('a relay', () => {
  it('passes a whisper on, and cannot read it', async () => {
    const [a, b] = await line(2)
    // it listens nowhere: only the relay has a way to it
    const hidden = await hosts.create({ autoDial: false }, { addresses: { listen: [] } })
    await connect(hidden, b!)
    await peered(2, b!)
    await peered(1, hidden)
    const passed: Uint8Array[] = []
    const atHidden = heard(hidden, 'whisper')
    const streams = b!.getConnections(a!.peerId).flatMap((each) => each.streams)
    streams
      .filter(({ protocol }) => protocol === PROTOCOL)
      .forEach((stream) => stream.addEventListener('message', ({ data }) => passed.push(data.slice() as Uint8Array)))
    const secret = `nobody else ${crypto.randomUUID()}`
    await a!.services.shout.whisper(hidden.services.shout.publicKey, secret, { mode: 'recursive' })
    expect(atHidden.map(({ value, peer }) => [value, peer])).toEqual([[secret, b!.peerId.toString()]])
    const whispers = passed.flatMap(messagesIn).filter(({ opcode }) => opcode === Opcode.WHISPER)
    expect(whispers.map(({ sealed }) => sealed)).toEqual([true])
    expect(Buffer.concat(passed).includes(secret)).toBe(false)
    await expect(unseal(await keyAt(1), whispers[0]!)).rejects.toThrow(DecodeError)
    expect(Buffer.from(await unseal(await keyAt(2), whispers[0]!)).toString()).toContain(secret)
  })
})

/** Of one transmission, if these bytes are one */
function messagesIn(bytes: Uint8Array): ReturnType<typeof decodeMessages> {
  try {
    return decodeMessages(bytes.subarray(6), 2_048)
  } catch {
    return []
  }
}

describe('a key', () => {
  it('can be changed, and the old one still opens what is sent to it', async () => {
    const [a, b, c] = await line(3)
    const changes: Uint8Array[] = []
    c!.services.shout.addEventListener('key-change', ({ detail }) => changes.push(detail.next))
    const old = a!.services.shout.publicKey
    const next = await generateRsaKey(2_048)
    await a!.services.shout.changeKey(next)
    await until(() => changes.length === 1)
    expect([changes[0], a!.services.shout.publicKey]).toEqual([next.publicKey.spki, next.publicKey.spki])
    const [atA, atC] = [heard(a!, 'whisper'), heard(c!, 'shout')]
    await a!.services.shout.shout('as somebody else')
    await until(() => atC.length === 1)
    expect(atC[0]!.from).toEqual(next.publicKey.spki)
    await b!.services.shout.whisper(next.publicKey.spki, 'to the new')
    await b!.services.shout.whisper(old, 'to the old')
    expect(atA.map(({ value }) => value)).toEqual(['to the new', 'to the old'])
  })

  it('changes once when two changes are made at a time', async () => {
    const [a, b] = await line(2)
    const next = await Promise.all([generateRsaKey(2_048), generateRsaKey(2_048)])
    const changes: Uint8Array[] = []
    b!.services.shout.addEventListener('key-change', ({ detail }) => changes.push(detail.next))
    const results = await Promise.allSettled(next.map(async (key) => a!.services.shout.changeKey(key)))
    const won = results.findIndex(({ status }) => status === 'fulfilled')
    expect(results[1 - won]).toMatchObject({ status: 'rejected', reason: { name: 'BusyError' } })
    expect(a!.services.shout.publicKey).toEqual(next[won]!.publicKey.spki)
    await until(() => changes.length > 0)
    expect(await b!.services.shout.ping(next[won]!.publicKey.spki)).toBeGreaterThan(0)
    expect(changes).toEqual([next[won]!.publicKey.spki])
  })

  it('is the host’s own if that is RSA, and must have the right size', async () => {
    const host = hosts.add(await createHost())
    expect(RsaPublicKey.fromSpki(host.services.shout.publicKey).bits).toBe(2_048)
    const [a] = await hosts.many(1)
    await expect(a!.services.shout.changeKey(await generateRsaKey(3_072))).rejects.toThrow(/beta/)
  })
})

describe('what was seen', () => {
  // T10
  it('is remembered over a restart', async () => {
    const datastore = new MemoryDatastore()
    const a = await hosts.create()
    const b = await hosts.create({}, { datastore })
    const recorded: Uint8Array[] = []
    await connect(a, b)
    await peered(1, a, b)
    const stream = b.getConnections().flatMap(({ streams }) => streams.filter((each) => each.protocol === PROTOCOL))[0]!
    stream.addEventListener('message', ({ data }) => recorded.push(data.slice() as Uint8Array))
    const first = heard(b, 'shout')
    await a.services.shout.shout('once')
    await until(() => first.length === 1)
    const replayed = recorded.find((bytes) => messagesIn(bytes).some(({ opcode }) => opcode === Opcode.SHOUT))!
    await b.stop()
    const again = hosts.add(await createHost({ key: await keyAt(1) }, { datastore }))
    const second = heard(again, 'shout')
    await connect(a, again)
    await peered(1, again)
    const out = a
      .getConnections(again.peerId)
      .flatMap(({ streams }) => streams.filter((each) => each.protocol === PROTOCOL))
    out[0]!.send(replayed)
    await a.services.shout.shout('something new')
    await until(() => second.length > 0)
    expect(second.map(({ value }) => value)).toEqual(['something new'])
  })
})

describe('the table', () => {
  it('knows who is of a subnet', { timeout: 30_000 }, async () => {
    const all = await hosts.many(3, { listed: true })
    await connect(all[1]!, all[0]!)
    await connect(all[2]!, all[0]!)
    await peered(2, all[0]!)
    let found: Uint8Array[] = []

    for (let i = 0; i < 200 && found.length < 3; i++) {
      found = (await all[2]!.services.shout.findSubnet()).map(({ key }) => key)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }

    expect(found).toHaveLength(3)
    expect(found).toEqual(expect.arrayContaining(all.map(({ services }) => services.shout.publicKey)))
    expect(await all[0]!.services.shout.findSubnet({ description: 'another' })).toEqual([])
  })

  it('says why a write was refused', async () => {
    const [a, b] = await line(2)
    await a!.services.shout.store('key', 'one', { version: 7 })
    const failure = await a!.services.shout.store('key', 'two', { version: 7 }).catch((err: unknown) => err)
    expect(failure).toBeInstanceOf(NotStoredError)
    expect(failure).toMatchObject({ reason: 'version', version: 7 })
    const set = { $op: 'set', expect: 7, value: 'three', owner: a!.services.shout.publicKey }
    await expect(b!.services.shout.store('key', set)).rejects.toThrow(/not open/)
  })
})

describe('the counters', () => {
  it('tell what was said, heard and sent', async () => {
    const metrics = new TestMetrics()
    const create = async (i: number): Promise<ShoutHost> => {
      const services = { identify: identify(), shout: metrics.shout({ key: await keyAt(i), listed: false }) }
      return hosts.create({}, { services })
    }
    const [a, b] = [await create(0), await create(1)]
    await connect(a, b)
    await peered(1, a, b)
    await a.services.shout.shout(1)
    await until(() => metrics.of('heard: shout') === 1)
    expect(['said: shout', 'sent: SHOUT', 'peers met'].map((name) => metrics.of(name))).toEqual([1, 1, 2])
  })
})

it('refuses more than it can sign in time', async () => {
  const [a] = await hosts.many(1)
  const said = await Promise.allSettled(Array.from({ length: 5_000 }, async (_, i) => a!.services.shout.shout(i)))
  const refused = said.filter((each) => each.status === 'rejected')
  expect(refused.length).toBeGreaterThan(500)
  expect(refused.every(({ reason }) => reason instanceof BusyError)).toBe(true)
}, 60_000)
