import { Opcode } from '@hearsay/protocol-shout/engine'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import {
  answerTo,
  closes,
  connectionOf,
  events,
  fakeKey,
  heardIn,
  peer,
  sent,
  ShoutScript,
  signatureFor,
  signed,
  signedRubbish,
  subnetOf
} from './script.ts'
import { encodeValue } from '@hearsay/protocol-shout/codec'
import type { PeerKey } from '@hearsay/protocol-core/pure'
import type { Value } from '@hearsay/protocol-shout/codec'
import type { Ask, ShoutEffect } from '@hearsay/protocol-shout/engine'

// whatever else runs on this machine
vi.setConfig({ testTimeout: 60_000 })

let script: ShoutScript
beforeEach(() => {
  script = new ShoutScript()
})

/** What a SHOUT was passed on to */
const relayed = (effects: ShoutEffect[]): string[] =>
  sent(effects)
    .filter(({ opcode }) => opcode === Opcode.SHOUT)
    .map(({ to }) => to)

const isInflate = ({ type }: Ask): boolean => type === 'inflate'

const nacks = (effects: ShoutEffect[]): Value[] =>
  sent(effects)
    .filter(({ opcode }) => opcode === Opcode.NACK)
    .map(({ value }) => value)

const acks = (effects: ShoutEffect[]): Value[] =>
  sent(effects)
    .filter(({ opcode }) => opcode === Opcode.ACK)
    .map(({ value }) => value)

describe('a connection', () => {
  it('starts with the subnet, then binds the key, then tells what can be decompressed', () => {
    script = new ShoutScript({}, { methods: [5, 4] })
    const options = sent(script.connected('a')).map(({ value }) => value)
    expect(options).toEqual([
      [2, [20, 3, 256, 2_048, 8, 'libp2p', '']],
      [3, [peer('self'), peer('a')]],
      [0, 5],
      [0, 4],
      [1, 5]
    ])
  })

  it('is a peer once subnet and key are proven', () => {
    script.connected('a')
    expect(events(script.says('a', subnetOf('a')), 'peer')).toEqual([])
    const effects = script.says('a', connectionOf('a'))
    expect(events(effects, 'peer')).toMatchObject([{ peer: peer('a'), key: fakeKey('a'), on: true }])
    expect(acks(effects)).toEqual([[3, 3, [peer('a'), peer('self')]]])
  })

  it('is no peer, and is sent nothing else, before our own options are on their way', () => {
    script.bind('a')
    script.hold.add('sign')
    const early = script.bind('b')
    expect(events(early, 'peer')).toEqual([])
    expect(relayed(script.says('a', signed({ value: 'early' })))).toEqual([])
    script.hold.clear()
    const effects = script.held.splice(0).flatMap((ask) => script.answer(answerTo(ask)))
    expect(events(effects, 'peer')).toMatchObject([{ peer: peer('b'), on: true }])
    expect(relayed(script.says('a', signed({ value: 'later' })))).toEqual([peer('b')])
  })

  it('ends when subnets differ, with a NACK', () => {
    script.connected('a')
    const effects = script.says('a', subnetOf('a', 'another'))
    expect(nacks(effects)).toEqual([[3, 2, [20, 3, 256, 2_048, 8, 'libp2p', 'another']]])
    expect(closes(effects)).toEqual([[peer('a'), 'subnet']])
  })

  it('is no peer any more when subnets differ, whatever it says while the NACK is signed', () => {
    script.connected('a')
    script.hold.add('sign')
    script.says('a', subnetOf('a', 'another'))
    expect(events(script.says('a', connectionOf('a')), 'peer')).toEqual([])
    const effects = [...script.held].flatMap((ask) => script.release(ask))
    expect(closes(effects)).toEqual([[peer('a'), 'subnet']])
  })

  it('ends when the peer finds that subnets differ', () => {
    script.connected('a')
    const nack = signed({ opcode: Opcode.NACK, from: 'a', to: 'self', value: [3, 2, []] })
    expect(closes(script.says('a', nack))).toEqual([[peer('a'), 'subnet']])
  })

  // T12: what somebody else's connection was told does not work on this one
  it.each([
    ['another peer', connectionOf('a', peer('b'))],
    ['another node', connectionOf('a', peer('a'), peer('other'))],
    ['another key', connectionOf('b', peer('a'))]
  ])('ends with options that were meant for %s', (_name, option) => {
    script.connected('a')
    expect(closes(script.says('a', subnetOf('a'), option))).toEqual([[peer('a'), 'violation']])
  })

  it('ends when anything else comes first', () => {
    script.connected('a')
    expect(closes(script.says('a', signed({ value: 1 })))).toEqual([[peer('a'), 'violation']])
  })

  it('ends with our own key, and with a second key', () => {
    script.connected('a')
    expect(closes(script.says('a', subnetOf('self')))).toEqual([[peer('a'), 'violation']])
    script.bind('b')
    expect(closes(script.says('b', subnetOf('c')))).toEqual([[peer('b'), 'violation']])
  })

  // T4
  it('ends when the handshake takes too long', () => {
    script.connected('a')
    script.advance(5_000)
    script.bind('b')
    expect(closes(script.advance(5_000))).toEqual([[peer('a'), 'late']])
    expect(closes(script.advance(20_000))).toEqual([])
  })

  it('is refused beyond the number of peers', () => {
    script = new ShoutScript({ maxInbound: 2 })
    script.connected(1)
    script.connected(2)
    expect(closes(script.connected(3))).toEqual([[peer(3), 'full']])
  })

  it('agrees on the compression the peer likes best', () => {
    script = new ShoutScript({}, { methods: [5, 4] })
    script.connected('a')
    const option = (value: Value): Uint8Array => signed({ opcode: 3, from: 'a', to: 'self', value })
    const effects = script.says('a', subnetOf('a'), connectionOf('a'), option([0, 4]), option([0, 5]), option([0, 2]))
    expect(events(effects, 'compression').map(({ method }) => method)).toEqual([4, 5])
    expect(nacks(effects)).toEqual([[3, 0, 2]])
    expect(events(script.says('a', option([1, 4])), 'compression').map(({ method }) => method)).toEqual([4])
  })

  // T17: nothing of it stays, though it never was a peer
  it('is compressed no more once it is over', () => {
    script = new ShoutScript({}, { methods: [5, 4] })
    script.connected('a')
    script.says('a', signed({ opcode: 3, from: 'a', to: 'self', value: [0, 4] }))
    script.hold.add('verify')
    script.says('a', signed({ opcode: 3, from: 'a', to: 'self', value: [0, 5] }))
    expect(events(script.disconnected('a'), 'compression')).toMatchObject([{ peer: peer('a'), method: 0 }])
    expect(events(script.release(script.held[0]!), 'compression')).toEqual([])
  })
})

describe('what arrives', () => {
  beforeEach(() => {
    ;['a', 'b', 'c'].forEach((name) => script.bind(name))
  })

  it('is passed on to all but the one it came from, once, as it is', () => {
    const bytes = signed({ value: 'hello' })
    const effects = script.says('a', bytes)
    expect(heardIn(effects)).toEqual(['hello'])
    expect(relayed(effects)).toEqual([peer('b'), peer('c')])
    expect(sent(effects)[0]!.message.bytes).toEqual(bytes)
    expect([heardIn(script.says('b', bytes)), relayed(script.says('c', bytes))]).toEqual([[], []])
  })

  it('is handled in the order it was sent, whatever is verified first', () => {
    script.hold.add('verify')
    script.says('a', signed({ value: 1 }), signed({ value: 2 }))
    script.says('a', signed({ value: 3 }))
    script.says('b', signed({ value: 4 }))
    const [first, second, third] = [...script.held] as [Ask, Ask, Ask]
    expect(heardIn(script.release(second))).toEqual([])
    expect(heardIn(script.release(third))).toEqual([4])
    expect(heardIn(script.release(first))).toEqual([1, 2, 3])
  })

  it('counts no more behind what its peer is closed for', () => {
    script.hold.add('verify')
    script.says('a', signed({ opcode: Opcode.PING, from: 'stranger', to: 'self', value: null }))
    script.says('a', signed({ value: 'behind' }))
    const [first, second] = [...script.held] as [Ask, Ask]
    script.release(second)
    const effects = script.release(first)
    expect([closes(effects), heardIn(effects)]).toEqual([[[peer('a'), 'violation']], []])
  })

  it('is handled in the order it was sent, whichever whisper is opened first', () => {
    const whisper = (value: Value): Uint8Array =>
      signed({ opcode: Opcode.WHISPER, from: 'author', to: 'self', value, sealed: true })
    script.hold.add('open')
    script.says('a', whisper(1))
    script.says('a', whisper(2), signed({ value: 3 }))
    const [first, second] = [...script.held] as [Ask, Ask]
    expect(heardIn(script.release(second))).toEqual([])
    expect(heardIn(script.release(first))).toEqual([1, 2, 3])
  })

  it('waits within bounds while no whisper is opened, and is opened once', () => {
    const whisper = (value: Value): Uint8Array =>
      signed({ opcode: Opcode.WHISPER, from: 'author', to: 'self', value, sealed: true })
    const replayed = whisper('again')
    expect(heardIn(script.says('a', replayed))).toEqual(['again'])
    script.hold.add('open')
    const acknowledged = Array.from({ length: 1_000 }, () => script.says('a', replayed)).flat()
    expect([script.held, heardIn(acknowledged), acks(acknowledged).length]).toEqual([[], [], 1_000])
    Array.from({ length: 1_000 }, (_, i) => script.says('a', whisper(i)))
    expect(script.held).toHaveLength(256)
  })

  // T3: how much one transmission becomes is known only then
  it('is inflated a few transmissions at a time, and no further while much waits', () => {
    script.hold.add('inflate')
    const body = new Uint8Array(50_000)
    Array.from({ length: 150 }, () =>
      script.input({ type: 'message', peer: peer('a'), message: { compression: 5, body } })
    )
    expect(script.held).toHaveLength(8)
    script.hold.add('verify')
    let inflated = 0

    for (let ask = script.held.find(isInflate); ask !== undefined; ask = script.held.find(isInflate)) {
      const messages = Array.from({ length: 16 }, (_, i) => signed({ value: new Uint8Array(250_000 + i) }))
      script.held.splice(script.held.indexOf(ask), 1)
      const all = Uint8Array.from(Buffer.concat(messages))
      script.input({ type: 'answer', answer: { type: 'inflated', ticket: ask.ticket, body: all } })
      inflated++
    }

    // 4 MB each: of those begun, and until 8 MiB waited
    expect(inflated).toBe(10)
    // once 8 MiB or less wait, there is room for more
    const waiting = [...script.held]
    waiting.slice(0, 7).forEach((ask) => script.release(ask))
    expect(script.held.filter(isInflate)).toEqual([])
    script.release(waiting[7]!)
    expect(script.held.filter(isInflate)).toHaveLength(8)
  })

  it('is asked about once while it is being verified', () => {
    script.hold.add('verify')
    const bytes = signed({ value: 1 })
    ;['a', 'b', 'c'].forEach((name) => script.says(name, bytes))
    expect(script.held).toHaveLength(1)
    expect(heardIn(script.release(script.held[0]!))).toEqual([1])
  })

  it('is dropped with everything in its transmission when a signature is wrong', () => {
    const forged = signed({ value: 2 })
    forged[5]! ^= 1
    const effects = script.says('a', signed({ value: 1 }), forged, signed({ value: 3 }))
    expect([heardIn(effects), closes(effects)]).toEqual([[], [[peer('a'), 'malformed']]])
  })

  it.each([
    ['no message', new Uint8Array(10)],
    ['a payload that is no value', signedRubbish(Uint8Array.of(0x91))]
  ])('closes its peer when it is %s', (_name, bytes) => {
    expect(closes(script.says('a', bytes))).toEqual([[peer('a'), 'malformed']])
  })

  // T11: a hundred forgeries ahead of a hundred true ones
  it('is not silenced by a forged copy ahead of it', () => {
    script.hold.add('verify')
    let delivered = 0

    for (let i = 0; i < 100; i++) {
      const bytes = signed({ value: `true ${i}` })
      const forged = bytes.slice()
      forged[forged.byteLength - 1]! ^= 1
      script.bind(`forger ${i}`)
      ;[...script.held].forEach((ask) => script.release(ask))
      script.says(`forger ${i}`, forged)
      script.says('b', bytes)
      expect(script.held).toHaveLength(2)
      const effects = [...script.held].flatMap((ask) => script.release(ask))
      expect(closes(effects)).toEqual([[peer(`forger ${i}`), 'malformed']])
      delivered += heardIn(effects).length
      script.disconnected(`forger ${i}`)
    }

    expect(delivered).toBe(100)
  })

  // T10
  it('is not heard again while it is remembered, over a restart too', () => {
    const offset = 100
    script = new ShoutScript({}, { seen: { offset, digests: [] } })
    script.bind('a')
    const said = Array.from({ length: 1_000 }, (_, i) => signed({ value: i }))
    const effects = said.flatMap((bytes) => script.says('a', bytes))
    expect(heardIn(effects)).toHaveLength(1_000)
    expect(heardIn(said.flatMap((bytes) => script.says('a', bytes)))).toEqual([])
    const digests = events(effects, 'seen').map(({ digest }) => digest)
    const next = new ShoutScript({}, { seen: { offset, digests } })
    next.bind('a')
    expect(heardIn(said.flatMap((bytes) => next.says('a', bytes)))).toEqual([])
    expect(heardIn(next.says('a', signed({ value: 'new' })))).toEqual(['new'])
  })

  // T5
  it('is dropped beyond the rate of its peer, and other peers are heard all the same', () => {
    script = new ShoutScript({ peerRate: 10, authorRate: 1_000 })
    ;['flooder', 'honest'].forEach((name) => script.bind(name))
    let [flooded, honest] = [0, 0]

    for (let i = 0; i < 1_000; i++) {
      flooded += heardIn(script.says('flooder', signed({ value: i, from: 'x' }))).length

      if (i % 20 === 0) {
        honest += heardIn(script.says('honest', signed({ value: i, from: 'y' }))).length
      }

      script.advance(10)
    }

    // ten seconds: 100 and a burst of 20, of which the handshake took two
    expect(flooded).toBeLessThanOrEqual(120)
    expect(honest).toBe(50)
  })

  it('is not passed on beyond the rate of its author, whoever hands it over', () => {
    script = new ShoutScript({ authorRate: 10 })
    ;['a', 'b'].forEach((name) => script.bind(name))
    const heard = Array.from({ length: 100 }, (_, i) => script.says(i % 2 === 0 ? 'a' : 'b', signed({ value: i })))
    expect(heardIn(heard.flat())).toHaveLength(20)
    expect(heardIn(script.says('a', signed({ value: 1, from: 'another' })))).toHaveLength(1)
  })

  it('waits within bounds while nothing is verified', () => {
    script.hold.add('verify')
    Array.from({ length: 1_000 }, (_, i) => script.says('a', signed({ value: i })))
    expect(script.held).toHaveLength(256)
    expect(heardIn([...script.held].flatMap((ask) => script.release(ask)))).toHaveLength(256)
  })
})

describe('a SPEAK', () => {
  it('stays where it is, and is acknowledged only on request', () => {
    ;['a', 'b'].forEach((name) => script.bind(name))
    const effects = script.says('a', signed({ opcode: Opcode.SPEAK, from: 'a', value: 1 }))
    expect([heardIn(effects), sent(effects)]).toEqual([[1], []])
    script = new ShoutScript({ ackSpeak: true })
    script.bind('a')
    const bytes = signed({ opcode: Opcode.SPEAK, from: 'a', value: 1 })
    expect(acks(script.says('a', bytes))).toEqual([[7, bytes.slice(0, 256)]])
  })

  it('is passed on when the application says so', () => {
    script = new ShoutScript({}, { asks: { shout: false, speak: true } })
    ;['a', 'b'].forEach((name) => script.bind(name))
    script.hold.add('relay')
    expect(sent(script.says('a', signed({ opcode: Opcode.SPEAK, from: 'a', value: 1 })))).toEqual([])
    const { ticket } = script.held[0]!
    expect(sent(script.answer({ type: 'relay', ticket, allowed: true })).map(({ to }) => to)).toEqual([peer('b')])
  })
})

describe('requests', () => {
  beforeEach(() => {
    script.bind('a')
  })
  const ask = (opcode: number, value: Value): ShoutEffect[] =>
    script.says('a', signed({ opcode, from: 'a', to: 'self', value }))

  it('are answered', () => {
    expect(acks(ask(Opcode.PING, null))).toEqual([[2]])
    expect(acks(ask(Opcode.FIND_NODE, new Uint8Array(32)))).toEqual([[9]])
  })

  it('are refused when they mean nothing', () => {
    expect(nacks(ask(12, null))).toEqual([[12]])
    expect(nacks(ask(Opcode.FIND_NODE, 'x'))).toEqual([[9]])
    expect(nacks(ask(Opcode.FIND_VALUE, [new Uint8Array(32), 'k']))).toEqual([[10]])
    expect(nacks(ask(Opcode.STORE, [new Uint8Array(32), 'k', 1]))).toEqual([[11, 'malformed', 0]])
    expect(nacks(ask(Opcode.CUSTOM, { app: 'none', data: 1 }))).toEqual([[15, 'none']])
    expect(nacks(ask(Opcode.SET_CONNECTION_OPT, [9, 1]))).toEqual([[3, 9, 1]])
  })

  it('close the peer when they are by another key, or for another node', () => {
    const ping = { opcode: Opcode.PING, value: null }
    expect(closes(script.says('a', signed({ ...ping, from: 'b', to: 'self' })))).toEqual([[peer('a'), 'violation']])
    script.bind('c')
    expect(closes(script.says('c', signed({ ...ping, from: 'c', to: 'd' })))).toEqual([[peer('c'), 'violation']])
  })

  it('of our own end at once when the stream ends while they are signed, and are not sent on the next one', () => {
    script.hold.add('sign')
    script.call({ type: 'ping', to: fakeKey('a') })
    script.disconnected('a')
    script.connected('a')
    script.hold.clear()
    const effects = script.held.splice(0).flatMap((held) => script.answer(answerTo(held)))
    expect(events(effects, 'result')).toMatchObject([{ result: { type: 'failed', reason: 'no answer' } }])
    expect(sent(effects).map(({ opcode }) => opcode)).not.toContain(Opcode.PING)
  })

  it('of our own end in time without an answer, and a late answer is nobody’s', () => {
    const call = { type: 'ping', to: fakeKey('a') }
    script.call(call)
    expect(events(script.advance(5_000), 'result')).toMatchObject([{ result: { reason: 'no answer' } }])
    script.call(call)
    const pong = (): ShoutEffect[] =>
      script.says('a', signed({ opcode: Opcode.ACK, from: 'a', to: 'self', value: [2] }))
    expect(events(pong(), 'result')).toEqual([])
    expect(events(pong(), 'result')).toMatchObject([{ call: 1, result: { type: 'done' } }])
  })
})

describe('a lookup', () => {
  const asked = (effects: ShoutEffect[]): PeerKey[] =>
    sent(effects)
      .filter(({ opcode }) => opcode === Opcode.FIND_NODE)
      .map(({ to }) => to)

  it('asks α nodes at a time, and the next when one has answered', () => {
    script = new ShoutScript({ alpha: 3 })
    Array.from({ length: 10 }, (_, i) => script.bind(i))
    const first = asked(script.call({ type: 'findNode', target: new Uint8Array(32) }))
    expect(new Set(first).size).toBe(3)
    const name = first[0]!.replace('peer-', '')
    const answer = signed({ opcode: Opcode.ACK, from: name, to: 'self', value: [Opcode.FIND_NODE] })
    const next = asked(script.says(name, answer))
    expect(next).toHaveLength(1)
    expect(first).not.toContain(next[0])
  })
})

describe('node infos', () => {
  const announce = (name: string | number): Uint8Array =>
    signed({ opcode: Opcode.ANNOUNCE, from: name, value: [`/ip4/203.0.113.1/tcp/1/p2p/${name}`, 0] })

  it('are dialled while fewer than ℓ streams are open, and kept beyond', () => {
    script = new ShoutScript({ limit: 2 })
    script.bind('a')
    const effects = ['x', 'y', 'z'].flatMap((name) => script.says('a', announce(name)))
    expect(effects.filter(({ type }) => type === 'dial')).toHaveLength(2)
    const found = acks(script.says('a', signed({ opcode: 9, from: 'a', to: 'self', value: new Uint8Array(32) })))
    expect((found[0] as Value[]).slice(1).map((info) => (info as Value[])[0])).toEqual(
      expect.arrayContaining(['x', 'y', 'z'].map(fakeKey))
    )
  })

  it('take the place of a peer that left', () => {
    script = new ShoutScript({ limit: 1 })
    script.bind('a', 'outbound')
    expect(script.says('a', announce('x')).filter(({ type }) => type === 'dial')).toEqual([])
    expect(script.disconnected('a').filter(({ type }) => type === 'dial')).toHaveLength(1)
  })

  // T14
  it('are not forgotten while too many are being dialled', () => {
    script = new ShoutScript({ limit: 100 })
    script.bind('teller')
    Array.from({ length: 70 }, (_, i) =>
      script.says(
        'teller',
        signed({ opcode: Opcode.ANNOUNCE, from: i, value: [`/ip4/203.0.${i}.1/tcp/1/p2p/${i}`, 0] })
      )
    )
    const find = signed({ opcode: Opcode.FIND_NODE, from: 'teller', to: 'self', value: fakeKey(69) })
    const [answer] = acks(script.says('teller', find)) as [Value[]]
    expect(answer[1]).toEqual([fakeKey(69), '/ip4/203.0.69.1/tcp/1/p2p/69', 0])
  })

  it('are not forgotten by a lookup that cannot dial now', () => {
    script = new ShoutScript({ autoDial: false })
    script.bind('teller')
    const address = ['/ip4/203.0.113.1/tcp/1/p2p/far', 0]
    script.says('teller', signed({ opcode: Opcode.ANNOUNCE, from: 'far', value: address }))
    Array.from({ length: 64 }, (_, i) =>
      script.input({ type: 'command', command: { type: 'connect', address: `/ip4/192.0.2.${i}/tcp/1` } })
    )
    script.call({ type: 'findNode', target: new Uint8Array(32) })
    const find = signed({ opcode: Opcode.FIND_NODE, from: 'teller', to: 'self', value: fakeKey('far') })
    expect(acks(script.says('teller', find))).toEqual([[Opcode.FIND_NODE, [fakeKey('far'), ...address]]])
  })

  it('of one network are never more than half of those known', () => {
    script = new ShoutScript({ maxInbound: 2_000, autoDial: false })
    const at = (name: string, address: string): Uint8Array =>
      signed({ opcode: Opcode.ANNOUNCE, from: name, value: [`/ip4/${address}/tcp/1/p2p/${name}`, 0] })

    for (let i = 0; i < 60; i++) {
      script.bind(`honest ${i}`, 'inbound', `198.51.${i}.0/24`)
      script.says(`honest ${i}`, at(`honest ${i}`, `198.51.${i}.1`))
    }

    for (let i = 0; i < 1_000; i++) {
      script.bind(`evil ${i}`, 'inbound', '203.0.113.0/24')
      script.says('honest 0', at(`evil ${i}`, '203.0.113.1'))
    }

    for (let target = 0; target < 40; target++) {
      const value = new Uint8Array(32).map((_byte, i) => (target * 37 + i * 11) & 255)
      const find = signed({ opcode: Opcode.FIND_NODE, from: 'honest 1', to: 'self', value })
      const [answer] = acks(script.says('honest 1', find)) as [Value[]]
      const addresses = answer.slice(1).map((info) => (info as Value[])[1] as string)
      expect(addresses).toHaveLength(20)
      expect(addresses.filter((address) => address.includes('evil')).length).toBeLessThanOrEqual(10)
    }
  })
})

describe('CHANGE_KEY', () => {
  const label = new TextEncoder().encode('CHANGE_KEY')

  /** By the owner of `next`, or by somebody who only wishes */
  function change(current: string, next: string, { proven = true, from = current } = {}): Uint8Array {
    const text = Uint8Array.from(Buffer.concat([label, fakeKey(current), fakeKey(next)]))
    const proof = proven ? signatureFor(text) : new Uint8Array(256)
    return signed({ opcode: Opcode.CHANGE_KEY, from, value: [fakeKey(current), fakeKey(next), proof] })
  }

  beforeEach(() => {
    ;['a', 'b'].forEach((name) => script.bind(name))
  })

  it('is followed and passed on when both keys signed it', () => {
    const effects = script.says('a', change('a', 'a2'))
    expect(events(effects, 'key-change')).toMatchObject([{ current: fakeKey('a'), next: fakeKey('a2') }])
    expect(acks(effects)).toEqual([[5, fakeKey('a'), fakeKey('a2')]])
    expect(sent(effects).map(({ to, opcode }) => [to, opcode])).toContainEqual([peer('b'), Opcode.CHANGE_KEY])
    const ping = signed({ opcode: Opcode.PING, from: 'a2', to: 'self', value: null })
    expect(acks(script.says('a', ping))).toEqual([[2]])
  })

  it('is followed when somebody else told it first', () => {
    const bytes = change('a', 'a2')
    expect(events(script.says('b', bytes), 'key-change')).toHaveLength(1)
    // what it said before comes by its old key
    expect(acks(script.says('a', signed({ opcode: Opcode.PING, from: 'a', to: 'self', value: null })))).toEqual([[2]])
    const effects = script.says('a', bytes)
    expect([events(effects, 'key-change'), acks(effects)]).toEqual([[], [[5, fakeKey('a'), fakeKey('a2')]]])
    const ping = signed({ opcode: Opcode.PING, from: 'a2', to: 'self', value: null })
    expect(acks(script.says('a', ping))).toEqual([[2]])
    expect([acks(script.says('a', bytes)), acks(script.says('b', bytes))]).toEqual([[], []])
  })

  it('is followed when it was told by others too often to count', () => {
    Array.from({ length: 20 }, (_, i) => script.says('b', change(`x${i}`, `y${i}`)))
    const bytes = change('a', 'a2')
    expect(events(script.says('b', bytes), 'key-change')).toEqual([])
    const effects = script.says('a', bytes)
    expect([events(effects, 'key-change').length, acks(effects).length]).toEqual([1, 1])
  })

  it('is not followed by its peer either after a conflict', () => {
    const [bytes, other] = [change('a', 'a2'), change('a', 'a3')]
    script.says('b', bytes, other)
    expect(acks(script.says('a', bytes))).toEqual([])
    const ping = signed({ opcode: Opcode.PING, from: 'a2', to: 'self', value: null })
    expect(closes(script.says('a', ping))).toEqual([[peer('a'), 'violation']])
  })

  it('moves the peer in the table', () => {
    const address = ['/ip4/203.0.113.1/tcp/1/p2p/a', 0]
    script.says('a', signed({ opcode: Opcode.ANNOUNCE, from: 'a', value: address }))
    script.says('a', change('a', 'a2'))
    const find = signed({ opcode: Opcode.FIND_NODE, from: 'b', to: 'self', value: fakeKey('a2') })
    expect(acks(script.says('b', find))).toEqual([[Opcode.FIND_NODE, [fakeKey('a2'), ...address]]])
  })

  // T19
  it('is not, by somebody without the new key, a hundred times', () => {
    let followed = 0

    for (let i = 0; i < 100; i++) {
      script.bind(`attacker ${i}`)
      const effects = script.says(`attacker ${i}`, change(`attacker ${i}`, 'victim', { proven: false }))
      followed += events(effects, 'key-change').length
      expect(closes(effects)).toEqual([[peer(`attacker ${i}`), 'malformed']])
      script.disconnected(`attacker ${i}`)
    }

    expect(followed).toBe(0)
  })

  it('is not, of another’s key or in the form without a proof', () => {
    const others = script.says('a', change('b', 'b2', { from: 'a' }))
    const bare = signed({ opcode: Opcode.CHANGE_KEY, from: 'a', value: [fakeKey('a'), fakeKey('a2')] })
    expect([nacks(others), nacks(script.says('a', bare))]).toEqual([[[5]], [[5]]])
  })

  it('twice, to different keys, is a conflict', () => {
    script.says('b', change('x', 'x2'))
    const effects = script.says('b', change('x', 'x3'))
    expect(events(effects, 'key-conflict')).toMatchObject([{ current: fakeKey('x'), next: fakeKey('x3') }])
    expect(events(script.says('b', change('x', 'x4')), 'key-conflict')).toEqual([])
  })

  it('is taken from others a few times a minute', () => {
    const effects = Array.from({ length: 20 }, (_, i) => script.says('b', change(`x${i}`, `y${i}`))).flat()
    expect(events(effects, 'key-change')).toHaveLength(2)
    script.advance(10_000)
    expect(events(script.says('b', change('z', 'z2')), 'key-change')).toHaveLength(1)
  })
})

describe('our announcement', () => {
  const announced = (effects: ShoutEffect[]): number =>
    sent(effects).filter(({ opcode }) => opcode === Opcode.ANNOUNCE).length

  it('is for the first peer, again after 10 s, 20 s, 40 s …, and every 10 min in the end', () => {
    script.input({ type: 'command', command: { type: 'listening', address: '/ip4/203.0.113.1/tcp/1' } })
    expect(announced(script.bind('a'))).toBe(1)
    // who comes later is told what there is
    expect(announced(script.bind('b'))).toBe(1)
    script.disconnected('b')
    expect(Array.from({ length: 12 }, () => announced(script.advance(10_000)))).toEqual([
      1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0
    ])
    script.advance(3_600_000)
    expect(Array.from({ length: 10 }, () => announced(script.advance(120_000))).filter((n) => n > 0)).toEqual([1, 1])
  })

  it('is one for all who come while it is signed, and has the address of now', () => {
    const names = ['a', 'b', 'c']
    names.forEach((name) => script.connected(name))
    script.hold.add('sign')
    names.forEach((name) => script.says(name, subnetOf(name), connectionOf(name)))
    script.input({ type: 'command', command: { type: 'listening', address: '/ip4/203.0.113.1/tcp/1' } })
    script.hold.clear()
    const said = sent([...script.held].flatMap((ask) => script.release(ask)))
    const own = said.filter(({ opcode }) => opcode === Opcode.ANNOUNCE)
    expect(own.map(({ to, value }) => [to, value === null])).toEqual([
      ...names.map((name) => [peer(name), true]),
      ...names.map((name) => [peer(name), false])
    ])
    expect(announced(script.advance(10_000))).toBe(3)
  })

  it('is made by the new key at once', () => {
    script.bind('a')
    const effects = script.call({ type: 'changeKey', next: fakeKey('next'), proof: new Uint8Array(256) })
    expect(sent(effects).map(({ opcode, message }) => [opcode, message.from])).toEqual([
      [Opcode.CHANGE_KEY, fakeKey('self')],
      [Opcode.ANNOUNCE, fakeKey('next')]
    ])
  })

  it('is made whenever the application says so, once there is a peer', () => {
    expect(announced(script.input({ type: 'command', command: { type: 'announce' } }))).toBe(0)
    script.bind('a')
    expect(announced(script.input({ type: 'command', command: { type: 'announce' } }))).toBe(1)
  })
})

// T10
describe('a whisper for us', () => {
  it('is not heard again over a restart', () => {
    const offset = 100
    const bytes = signed({ opcode: Opcode.WHISPER, from: 'author', to: 'self', value: 'psst', sealed: true })
    script = new ShoutScript({}, { seen: { offset, digests: [] } })
    script.bind('a')
    const effects = script.says('a', bytes)
    expect(heardIn(effects)).toEqual(['psst'])
    const next = new ShoutScript({}, { seen: { offset, digests: events(effects, 'seen').map(({ digest }) => digest) } })
    next.bind('a')
    const again = next.says('a', bytes)
    expect([heardIn(again), acks(again).length]).toEqual([[], 1])
  })
})

describe('a whisper of ours', () => {
  it('is passed on when the stream to its receiver ends while it is signed', () => {
    script.bind('a')
    script.bind('b')
    script.hold.add('sign')
    script.call({ type: 'whisper', to: fakeKey('a'), payload: encodeValue('hello'), mode: 'direct', sealed: true })
    script.disconnected('a')
    const effects = script.held.flatMap((ask) => script.release(ask))
    expect(sent(effects).map(({ to, opcode }) => [to, opcode])).toContainEqual([peer('b'), Opcode.WHISPER])
  })
})
