import { describe, expect, it, vi } from 'vitest'
import { address, closes, events, GossipScript, only, peer, sent } from './script.ts'
import type { GossipConfig, GossipEffect } from '@hearsay/protocol-gossip/engine'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const MINUTE = 60_000
const SECOND = 1_000

/** Addresses dialled */
const dialled = (effects: GossipEffect[]): string[] => only('dial', effects).flatMap(({ addresses }) => addresses)
const dialIds = (effects: GossipEffect[]): string[] => only('dial', effects).map(({ dial }) => dial)
const ready = (effects: GossipEffect[]): boolean[] =>
  events(effects).flatMap((event) => (event.type === 'ready' ? [event.ready] : []))
const asked = (effects: GossipEffect[]): string[] =>
  sent(effects).flatMap(([to, { type }]) => (type === 'discovery' ? [to] : []))

class Network extends GossipScript {
  /** All dials of these effects fail. @returns what follows */
  fail(effects: GossipEffect[]): GossipEffect[] {
    return dialIds(effects).flatMap((dial) => this.input({ type: 'dialled', dial }))
  }

  /** All dials of these effects succeed, up to the gate. @returns what follows */
  reach(effects: GossipEffect[]): GossipEffect[] {
    return only('dial', effects).flatMap(({ dial, addresses, peer: known }) => {
      const name = (known ?? addresses[0]!.split('/p2p/')[1]!).slice('peer-'.length)
      return [...this.connected(name, 'outbound'), ...this.input({ type: 'dialled', dial, peer: peer(name) })]
    })
  }

  /** One cooldown passes. @returns the effects up to the moment the questions are out */
  cooldown(): GossipEffect[] {
    return this.advance(MINUTE)
  }

  offer(from: string, names: (string | number)[]): GossipEffect[] {
    return this.message(from, { type: 'offer', addresses: names.map(address) })
  }
}

function setUp(config: Partial<GossipConfig> = {}, seed = 1): Network {
  return new Network({ minConnections: 6, maxConnections: 8, degree: 2, searchCooldown: MINUTE, ...config }, seed)
}

describe('known peers', () => {
  it('are dialled at the start', () => {
    const script = setUp({ knownPeers: [address('a'), address('b')], bootstrapper: address('boot') })
    expect(dialled(script.command({ type: 'start' }))).toEqual([address('a'), address('b')])
  })

  it('if none answers, the bootstrapper is, and if that does not either, the node says that it is not ready', () => {
    const script = setUp({ knownPeers: [address('a'), address('b')], bootstrapper: address('boot') })
    const start = script.command({ type: 'start' })
    const [first, second] = dialIds(start)
    expect(dialled(script.input({ type: 'dialled', dial: first! }))).toEqual([])
    const last = script.input({ type: 'dialled', dial: second! })
    expect(dialled(last)).toEqual([address('boot')])
    expect(ready(last)).toEqual([])
    expect(ready(script.fail(last))).toEqual([false])
    // once is enough, until it is ready
    expect(ready(script.advance(MINUTE))).toEqual([])
  })

  it('the bootstrapper is left alone when one of them answers', () => {
    const script = setUp({ knownPeers: [address('a'), address('b')], bootstrapper: address('boot') })
    const [first, second] = dialIds(script.command({ type: 'start' }))
    script.connected('a', 'outbound')
    script.input({ type: 'dialled', dial: first!, peer: peer('a') })
    expect(dialled(script.input({ type: 'dialled', dial: second! }))).toEqual([])
  })

  it('are tried again after 1 s, doubling to 60 s', () => {
    const script = setUp({ knownPeers: [address('a')] })
    let effects = script.command({ type: 'start' })

    for (const wait of [1, 2, 4, 8, 16, 32, 60, 60]) {
      script.fail(effects)
      expect(dialled(script.advance(wait * SECOND - 1))).toEqual([])
      effects = script.advance(1)
      expect(dialled(effects)).toEqual([address('a')])
    }
  })

  it('are redialled when they are lost, whatever the cooldown', () => {
    const script = setUp({ knownPeers: [address('a')] })
    script.reach(script.command({ type: 'start' }))
    script.message('a', { type: 'challenge', challenge: 1n })
    script.answer({ type: 'solved', peer: peer('a'), challenge: 1n, nonce: 1n })
    expect(ready(script.message('a', { type: 'verdict', valid: true }))).toEqual([true])
    script.advance(2 * MINUTE)
    expect(ready(script.disconnected('a'))).toEqual([false])
    expect(dialled(script.advance(SECOND))).toEqual([address('a')])
  })

  it('that come and go are redialled ever later', () => {
    const script = setUp({ knownPeers: [address('a')] })
    let effects = script.command({ type: 'start' })

    for (const wait of [1, 2, 4, 8]) {
      script.reach(effects)
      script.disconnected('a')
      expect(dialled(script.advance(wait * SECOND - 1))).toEqual([])
      effects = script.advance(1)
      expect(dialled(effects)).toEqual([address('a')])
    }
  })

  /** It is reached, stays for a while, verified or not, and is lost. @returns after how many seconds it is redialled */
  function redialAfter(script: Network, dials: GossipEffect[], stay: number, verify = true): [number, GossipEffect[]] {
    script.reach(dials)

    if (verify) {
      script.message('a', { type: 'challenge', challenge: 1n })
      script.answer({ type: 'solved', peer: peer('a'), challenge: 1n, nonce: 1n })
      script.message('a', { type: 'verdict', valid: true })
    }

    script.advance(stay)
    script.disconnected('a')
    const lost = script.now
    let again: GossipEffect[] = []

    while (dialled(again).length === 0) {
      again = script.advance(SECOND)
    }

    return [(script.now - lost) / SECOND, again]
  }

  it('that stayed verified for a minute are redialled after 1 s again, no sooner, and no others', () => {
    const script = setUp({ knownPeers: [address('a')], challengeTimeout: 60 * MINUTE })
    const waits: number[] = []
    let dials = script.command({ type: 'start' })

    for (const [stay, verify] of [
      [0, false],
      [MINUTE - 1, true],
      [MINUTE, true],
      [2 * MINUTE, false],
      [0, true],
      [5 * MINUTE, true],
      [0, false]
    ] as const) {
      const [wait, next] = redialAfter(script, dials, stay, verify)
      waits.push(wait)
      dials = next
    }

    expect(waits).toEqual([1, 2, 1, 2, 4, 1, 2])
  })

  it('are not dialled while they are connected to us', () => {
    const script = setUp({ knownPeers: [address('a')] })
    script.fail(script.command({ type: 'start' }))
    script.push('a')
    expect(dialled(script.advance(2 * SECOND))).toEqual([])
    script.disconnected('a')
    expect(dialled(script.advance(2 * SECOND))).toEqual([address('a')])
  })

  it('may be given without a peer id', () => {
    const script = setUp({ knownPeers: ['/ip4/192.0.2.9/tcp/6001'] })
    const start = script.command({ type: 'start' })
    expect(only('dial', start)).toEqual([{ type: 'dial', dial: '0', addresses: ['/ip4/192.0.2.9/tcp/6001'] }])
    script.connected('a', 'outbound')
    script.input({ type: 'dialled', dial: '0', peer: peer('a') })
    script.disconnected('a')
    expect(only('dial', script.advance(SECOND))).toMatchObject([{ peer: peer('a') }])
  })

  it('are not dialled while they are banned', () => {
    const script = setUp({ knownPeers: [address('a')], banTime: 10 * SECOND })
    script.reach(script.command({ type: 'start' }))
    script.input({ type: 'malformed', peer: peer('a') })
    script.disconnected('a')
    expect(dialled(script.advance(9 * SECOND))).toEqual([])
    expect(dialled(script.advance(8 * SECOND))).toEqual([address('a')])
  })

  it('with no verified peer left, the bootstrapper is dialled again', () => {
    const script = setUp({ bootstrapper: address('boot') })
    const start = script.command({ type: 'start' })
    expect(dialled(start)).toEqual([address('boot')])
    script.fail(start)
    script.push('b')
    expect(dialled(script.advance(10 * MINUTE))).toEqual([])
    expect(dialled(script.disconnected('b'))).toEqual([address('boot')])
  })
})

it('a node without known peers and bootstrapper has nobody to wait for', () => {
  expect(ready(setUp().command({ type: 'start' }))).toEqual([true])
})

describe('the search', () => {
  it('comes one cooldown after the start, and every cooldown while peers are missing', () => {
    const script = setUp()
    script.command({ type: 'start' })
    ;['a', 'b'].forEach((name) => script.push(name))
    script.pull('c')
    expect(asked(script.advance(MINUTE - 1))).toEqual([])
    expect(asked(script.advance(1)).toSorted()).toEqual(['a', 'b', 'c'].map(peer))
    expect(asked(script.cooldown())).toHaveLength(3)
  })

  it.each([
    [2, 3, true], // fewer than min in all
    [4, 2, true], // enough in all, but fewer than half of min dialled
    [3, 3, false], // enough
    [0, 4, false] // the pull view is full
  ])('with %i push and %i pull peers of min 6, max 8: %s', (push, pull, searches) => {
    const script = setUp()
    script.command({ type: 'start' })
    Array.from({ length: push }, (_, i) => script.push(`push${i}`))
    Array.from({ length: pull }, (_, i) => script.pull(`pull${i}`))
    expect(asked(script.cooldown()).length > 0).toBe(searches)
  })

  it('asks no unverified peer', () => {
    const script = setUp()
    script.command({ type: 'start' })
    script.push('a')
    script.connected('b', 'inbound')
    script.connected('c', 'outbound')
    expect(asked(script.cooldown())).toEqual([peer('a')])
  })

  it('does not wait for the next cooldown to end when peers are lost a cooldown after it last asked', () => {
    const script = setUp()
    script.command({ type: 'start' })
    ;['a', 'b', 'c'].forEach((name) => script.push(name))
    ;['d', 'e', 'f'].forEach((name) => script.pull(name))
    expect(asked(script.advance(MINUTE + 30 * SECOND))).toEqual([])
    expect(asked(script.disconnected('a')).toSorted()).toEqual(['b', 'c', 'd', 'e', 'f'].map(peer))
    expect(asked(script.disconnected('b'))).toEqual([])
    expect(asked(script.advance(MINUTE - 1))).toEqual([])
    expect(asked(script.advance(1))).toHaveLength(4)
  })

  it('asks those too who come while peers are still missing, and no others', () => {
    const script = setUp({ minConnections: 4 })
    script.command({ type: 'start' })
    script.push('a')
    expect(asked(script.pull('b'))).toEqual([])
    script.cooldown()
    expect(asked(script.advance(10 * SECOND))).toEqual([])
    expect(asked(script.pull('c'))).toEqual([peer('c')])
    // what it offers is drawn from at once
    expect(dialled(script.offer('c', [1]))).toEqual([address(1)])
    expect(asked(script.pull('d'))).toEqual([])
  })

  it('of a node that was alone comes with the first peer', () => {
    const script = setUp()
    script.command({ type: 'start' })
    script.cooldown()
    expect(asked(script.advance(10 * SECOND))).toEqual([])
    expect(asked(script.push('a'))).toEqual([peer('a')])
  })

  it('leaves offers to draw from when a peer of either view is lost', () => {
    const script = setUp({ minConnections: 4, maxConnections: 16 })
    script.command({ type: 'start' })
    ;['a', 'b', 'c'].forEach((name) => script.push(name))
    script.cooldown()
    ;['a', 'b', 'c'].forEach((name, i) => script.offer(name, [i, i + 10, i + 20]))
    const first = script.advance(SECOND)
    script.reach(first)
    expect(dialled(first)).toHaveLength(2)
    expect(dialled(script.disconnected('a'))).toHaveLength(1)
  })

  it('dials as many of the offered as are needed, and a quarter of min more, each once', () => {
    const script = setUp()
    script.command({ type: 'start' })
    ;['a', 'b', 'c', 'd'].forEach((name) => script.push(name))
    script.cooldown()
    script.offer('a', [1, 2, 3])
    script.offer('b', [2, 3, 4])
    // 4 of 6 are there, and 2 more are to be dialled in case some leave
    const effects = script.advance(SECOND)
    expect(new Set(dialled(effects)).size).toBe(2)
    expect(dialled(script.offer('c', [5]))).toHaveLength(1)
    expect(dialled(script.offer('d', [6, 7]))).toHaveLength(1)
    expect(dialled(script.advance(MINUTE - 2 * SECOND))).toEqual([])
  })

  it('takes at most a quarter of the pull view from one offerer', () => {
    const script = setUp({ minConnections: 16, maxConnections: 16 })
    script.command({ type: 'start' })
    script.push('a')
    script.cooldown()
    script.offer('a', [1, 2, 3, 4, 5, 6])
    expect(dialled(script.advance(SECOND))).toHaveLength(2)
  })

  it('draws in turns from those who offered, so that many addresses win nothing', () => {
    const wins = Array.from({ length: 40 }, (_, seed) => {
      const script = setUp({ minConnections: 2, maxConnections: 8 }, seed)
      script.command({ type: 'start' })
      script.push('sybil')
      script.push('honest')
      script.cooldown()
      script.offer('sybil', [...Array(64).keys()])
      script.offer('honest', ['good'])
      return dialled(script.advance(SECOND))
    })
    expect(wins.every((addresses) => addresses.length === 1)).toBe(true)
    const good = wins.filter(([each]) => each === address('good')).length
    // one of 65 addresses, but every second turn
    expect(good).toBeGreaterThan(8)
    expect(good).toBeLessThan(32)
  })

  it('draws another when a dial or a gate fails, and then no more', () => {
    const script = setUp({ minConnections: 2, maxConnections: 16 })
    script.command({ type: 'start' })
    script.push('a')
    script.push('b')
    script.cooldown()
    script.offer('a', [1, 2])
    script.offer('b', [3])
    const first = script.advance(SECOND)
    const second = script.fail(first)
    expect(dialled(second)).toHaveLength(1)
    script.reach(second)
    const third = script.disconnected(dialled(second)[0]!.split('/p2p/peer-')[1]!)
    expect(dialled(third)).toHaveLength(1)
    expect(new Set([first, second, third].flatMap(dialled)).size).toBe(3)
    expect(dialled(script.fail(third))).toEqual([])
  })

  it('takes an offer that comes late', () => {
    const script = setUp()
    script.command({ type: 'start' })
    script.push('a')
    script.cooldown()
    expect(dialled(script.advance(5 * SECOND))).toEqual([])
    expect(dialled(script.offer('a', [1]))).toEqual([address(1)])
  })

  it('dials nobody who is connected, being dialled, or banned', () => {
    const script = setUp()
    script.command({ type: 'start' })
    ;['a', 'b'].forEach((name) => script.push(name))
    script.connected('c', 'inbound')
    script.connected('bad', 'inbound')
    script.input({ type: 'malformed', peer: peer('bad') })
    script.disconnected('bad')
    script.cooldown()
    script.offer('a', ['b', 'c', 'bad', 'new'])
    expect(dialled(script.advance(SECOND))).toEqual([address('new')])
    expect(dialled(script.offer('b', ['new']))).toEqual([])
  })

  it('keeps one pull place for a known peer', () => {
    const script = setUp({ knownPeers: [address('known')], minConnections: 8, maxConnections: 8 })
    script.fail(script.command({ type: 'start' }))
    ;['a', 'b', 'c', 'd'].forEach((name) => script.push(name))
    script.advance(MINUTE - 1)
    const waiting = script.advance(1)
    expect(asked(waiting)).toHaveLength(4)
    ;['a', 'b', 'c', 'd'].forEach((name, i) => script.offer(name, [i]))
    const effects = script.advance(SECOND)
    const candidates = dialled(effects).filter((each) => each !== address('known'))
    expect(candidates).toHaveLength(3)
  })

  it.each([
    ['keeps one of five pull places', [address('known')], 4],
    ['keeps none', [], 5]
  ])('%s for known peers %j that nobody is dialling just now', (_name, knownPeers, candidates) => {
    const script = setUp({ knownPeers, minConnections: 10, maxConnections: 10 })
    const names = ['a', 'b', 'c', 'd', 'e']
    script.fail(script.command({ type: 'start' }))
    names.forEach((name) => script.push(name))

    // each redial fails at once
    while (script.now < MINUTE) {
      script.fail(script.advance(SECOND))
    }

    names.forEach((name, i) => script.offer(name, [i, i + 10]))
    expect(dialled(script.advance(SECOND)).filter((each) => each !== address('known'))).toHaveLength(candidates)
  })

  it('dials no banned candidate, also when it is the only one', () => {
    const script = setUp({ maxConnections: 32 })
    script.command({ type: 'start' })
    script.push('a')
    script.connected('bad', 'inbound')
    script.input({ type: 'malformed', peer: peer('bad') })
    script.disconnected('bad')
    script.cooldown()
    script.offer('a', ['bad'])
    expect(dialled(script.advance(SECOND))).toEqual([])
    // five minutes after it was banned, it is a candidate like any other
    script.advance(4 * MINUTE)
    expect(dialled([...script.offer('a', ['bad']), ...script.advance(SECOND)])).toEqual([address('bad')])
  })
})

describe('an offer', () => {
  it.each([
    ['was not asked for', ['x'], 0],
    ['is empty', [], MINUTE],
    ['names ourselves', ['x', 'self'], MINUTE],
    ['is too long', [...Array(65).keys()], MINUTE]
  ])('that %s costs the stream', (_name, names, wait) => {
    const script = setUp()
    script.command({ type: 'start' })
    script.push('a')
    script.advance(wait)
    expect(closes(script.offer('a', names))).toEqual([[peer('a'), 'violation']])
  })

  it.each([
    ['an address without a peer', ['/ip4/192.0.2.1/tcp/1']],
    ['an address that is no multiaddr of a peer', ['foo']],
    ['an address that is too long', [`/dns/${'a'.repeat(600)}/tcp/1/p2p/peer-x`]]
  ])('with %s costs the stream', (_name, addresses) => {
    const script = setUp()
    script.command({ type: 'start' })
    script.push('a')
    script.cooldown()
    expect(closes(script.message('a', { type: 'offer', addresses }))).toEqual([[peer('a'), 'violation']])
  })

  it('that is not plain ASCII is not dialled', () => {
    const script = setUp({ maxConnections: 40 })
    script.command({ type: 'start' })
    script.push('a')
    script.cooldown()
    const sneaky = ['\u001b[2J', '\n', 'é', '\u202e'].map((text) => address(`x${text}`))
    expect(closes(script.message('a', { type: 'offer', addresses: [...sneaky, address('fine')] }))).toEqual([])
    expect(dialled(script.advance(SECOND))).toEqual([address('fine')])
  })

  it('is kept with those of the 127 newest others, whoever left', () => {
    const script = setUp({ minConnections: 2, maxConnections: 200, maxUnverified: 200, searchCooldown: 10 * MINUTE })
    script.command({ type: 'start' })
    script.push('first')
    script.advance(10 * MINUTE)
    script.offer('first', ['of-the-first'])

    for (let i = 0; i < 128; i++) {
      script.disconnected(i === 0 ? 'first' : `next${i - 1}`)
      expect(asked(script.push(`next${i}`))).toEqual([peer(`next${i}`)])
      script.offer(`next${i}`, [`offered-${i}`])
    }

    const all: string[] = []

    for (let effects = script.advance(SECOND); dialled(effects).length > 0; effects = script.fail(effects)) {
      all.push(...dialled(effects))
    }

    expect(all.toSorted()).toEqual(Array.from({ length: 128 }, (_, i) => address(`offered-${i}`)).toSorted())
  })

  it('answers a question once', () => {
    const script = setUp()
    script.command({ type: 'start' })
    script.push('a')
    script.cooldown()
    expect(closes(script.offer('a', [1]))).toEqual([])
    expect(closes(script.offer('a', [2]))).toEqual([[peer('a'), 'violation']])
  })

  it('may be slower than the cooldown, but not than 300 s', () => {
    const script = setUp()
    script.command({ type: 'start' })
    script.push('a')
    script.cooldown()
    script.cooldown()
    expect(closes(script.offer('a', [1]))).toEqual([])
    expect(closes(script.offer('a', [2]))).toEqual([])
    const other = setUp({ searchCooldown: 10 * MINUTE })
    other.command({ type: 'start' })
    other.push('a')
    other.advance(10 * MINUTE + 300_000)
    expect(closes(other.offer('a', [1]))).toEqual([])
    other.advance(5 * MINUTE)
    other.advance(300_001)
    expect(closes(other.offer('a', [1]))).toEqual([[peer('a'), 'violation']])
  })
})

describe('a question for peers', () => {
  const offersTo = (script: GossipScript, name: string): unknown[] =>
    only('ask', script.message(name, { type: 'discovery' })).map(({ ask }) => ask)

  it('is answered with the other verified peers', () => {
    const script = setUp()
    ;['a', 'b'].forEach((name) => script.push(name))
    script.pull('c')
    script.connected('d', 'inbound')
    expect(offersTo(script, 'a')).toEqual([
      { type: 'addresses', asker: peer('a'), question: { type: 'discovery' }, peers: [peer('c'), peer('b')] }
    ])
    const addresses = ['c', 'b'].map(address)
    expect(
      sent(script.answer({ type: 'addresses', asker: peer('a'), question: { type: 'discovery' }, addresses }))
    ).toEqual([[peer('a'), { type: 'offer', addresses }]])
  })

  it('is not answered when there is nobody to offer, or no address', () => {
    const script = setUp()
    script.push('a')
    expect(offersTo(script, 'a')).toEqual([])
    expect(
      script.answer({ type: 'addresses', asker: peer('a'), question: { type: 'discovery' }, addresses: [] })
    ).toEqual([])
  })

  it('is answered once a cooldown and peer', () => {
    const script = setUp()
    ;['a', 'b'].forEach((name) => script.push(name))
    expect(offersTo(script, 'a')).toHaveLength(1)
    script.advance(MINUTE - 1)
    expect(offersTo(script, 'a')).toHaveLength(0)
    expect(offersTo(script, 'b')).toHaveLength(1)
    script.advance(1)
    expect(offersTo(script, 'a')).toHaveLength(1)
  })

  it('is answered with at most 64 addresses', () => {
    const script = setUp()
    script.push('a')
    const [[, message] = []] = sent(
      script.answer({
        type: 'addresses',
        asker: peer('a'),
        question: { type: 'discovery' },
        addresses: [...Array(70).keys()].map(address)
      })
    )
    expect((message as { addresses: string[] }).addresses).toHaveLength(64)
  })
})

describe('the push view', () => {
  it('makes its oldest peer leave for a newcomer, without a ban', () => {
    const script = setUp()
    ;['a', 'b', 'c', 'd'].forEach((name) => script.push(name))
    expect(closes(script.push('e'))).toEqual([[peer('a'), 'evicted']])
    script.disconnected('a')
    expect(closes(script.push('a'))).toEqual([[peer('b'), 'evicted']])
  })

  it('leaves peers we dialled alone (T14)', () => {
    const script = setUp()
    ;[0, 1, 2, 3].forEach((name) => script.pull(`honest${name}`))
    const closed = Array.from({ length: 1_000 }, (_, i) => closes(script.push(`sybil${i}`))).flat()
    expect(closed.every(([who]) => who.startsWith('peer-sybil'))).toBe(true)
  })
})

describe('addresses we were told', () => {
  const offer = (addresses: string[]): string[] => {
    const script = setUp()
    script.push('asker')
    script.push('other')
    const [question] = only('ask', script.message('asker', { type: 'discovery' }))
    expect(question?.ask).toMatchObject({ type: 'addresses', peers: [peer('other')] })
    const [answer] = only(
      'send',
      script.answer({ type: 'addresses', asker: peer('asker'), question: { type: 'discovery' }, addresses })
    )
    return answer?.message.type === 'offer' ? answer.message.addresses : []
  }

  it.each([
    ['is longer than 512 characters', `/dns4/${'a'.repeat(512)}${address('x')}`],
    ['has a comma, which parts addresses', `/dns4/a,b${address('x')}`],
    ['has a character that is not ASCII', `/dns4/é${address('x')}`],
    ['names the asker', address('asker')],
    ['names nobody', '/ip4/192.0.2.1/tcp/1']
  ])('are not passed on where one %s', (_why, bad) => {
    expect(offer([bad, address('fine')])).toEqual([address('fine')])
    expect(offer([bad])).toEqual([])
  })

  it('are passed on up to 64', () => {
    const all = Array.from({ length: 70 }, (_, i) => address(i))
    expect(offer(all)).toEqual(all.slice(0, 64))
  })
})

describe('peers that identify finds', () => {
  const found = (script: Network, name: string, direction: 'inbound' | 'outbound'): GossipEffect[] => [
    ...script.input({ type: 'found', peer: peer(name), direction }),
    ...script.advance(0)
  ]

  /** The stream it is dialled for comes to be, and passes the gate */
  const opened = (script: Network, effects: GossipEffect[]): void => {
    for (const { dial, peer: to } of only('dial', effects)) {
      script.pull(to!.replace('peer-', ''))
      script.input({ type: 'dialled', dial, peer: to! })
    }
  }

  it('are opened at once on a connection of ours, and after a moment on one of theirs', () => {
    const script = setUp()
    expect(only('dial', found(script, 'a', 'outbound'))).toEqual([
      { type: 'dial', dial: '0', peer: peer('a'), addresses: [], connected: true }
    ])
    expect(only('dial', found(script, 'b', 'inbound'))).toEqual([])
    expect(only('dial', script.advance(SECOND))).toMatchObject([{ peer: peer('b') }])
  })

  it('are not opened when they opened a stream meanwhile', () => {
    const script = setUp()
    found(script, 'a', 'inbound')
    script.connected('a', 'inbound')
    expect(only('dial', script.advance(SECOND))).toEqual([])
  })

  it('are opened while the pull view has room', () => {
    const script = setUp()
    const dials = Array.from({ length: 9 }, (_, i) => only('dial', found(script, `x${i}`, 'outbound'))).flat()
    expect(dials).toHaveLength(4)
  })

  it('are opened again when the stream is lost, later each time, and then no more', () => {
    const script = setUp()
    const waits: number[] = []
    let effects = found(script, 'a', 'outbound')

    for (let waited = 0; waited < 200; waited++) {
      if (only('dial', effects).length > 0) {
        waits.push(waited)
        waited = 0
        opened(script, effects)
        script.disconnected('a')
      }

      effects = script.advance(SECOND)
    }

    expect(waits).toEqual([0, 1, 2, 4, 8, 16, 32])
  })

  it('are opened at once again after a minute of good behaviour', () => {
    const script = setUp()
    let effects = found(script, 'a', 'outbound')

    for (let i = 0; i < 10; i++) {
      opened(script, effects)
      script.advance(MINUTE)
      script.disconnected('a')
      effects = script.advance(SECOND)
      expect(only('dial', effects)).toMatchObject([{ peer: peer('a') }])
    }
  })

  it('are opened again when that failed, but not when there are peers enough', () => {
    const script = setUp({ minConnections: 2, degree: 2 })
    const [dial] = dialIds(found(script, 'a', 'outbound'))
    script.input({ type: 'dialled', dial: dial! })
    const second = script.advance(SECOND)
    expect(only('dial', second)).toMatchObject([{ peer: peer('a') }])
    opened(script, second)
    script.pull('b')
    script.pull('c')
    script.disconnected('a')
    expect(only('dial', script.advance(2 * SECOND))).toEqual([])
    script.disconnected('b')
    script.disconnected('c')
    expect(only('dial', script.advance(MINUTE))).toMatchObject([{ peer: peer('a') }])
  })

  it('are none of our business with fromConnections off', () => {
    expect(found(setUp({ fromConnections: false }), 'a', 'outbound')).toEqual([])
  })
})
