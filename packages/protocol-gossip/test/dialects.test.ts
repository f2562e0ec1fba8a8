import { createHash } from 'node:crypto'
import { MIDTERM_PROTOCOL, P2P_PROTOCOL } from '@hearsay/protocol-gossip'
import { dialectsOf } from '@hearsay/protocol-gossip/engine'
import { describe, expect, it, vi } from 'vitest'
import { wideId } from '../src/announce-id.ts'
import { packetPuzzle } from '../src/pow/proof.ts'
import { fastestScan } from '../src/pow/scan.ts'
import { address, challengeIn, closes, events, GossipScript, nonceFor, only, peer, sent } from './script.ts'
import type { Announce, Discovery, Message, Offer } from '@hearsay/protocol-gossip/codec'
import type { GossipConfig, GossipEffect } from '@hearsay/protocol-gossip/engine'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const MINUTE = 60_000
const OFFER_BITS = 16
const [g1, p2p, midterm] = dialectsOf(['gossip', 'gossip-p2p', 'gossip-midterm']) as [Codec, Codec, Codec]
type Codec = ReturnType<typeof dialectsOf>[number]

function setUp(config: Partial<GossipConfig> = {}): GossipScript {
  const dialects = ['gossip', 'gossip-p2p', 'gossip-midterm'] as const
  const script = new GossipScript({ dialects, degree: 4, minConnections: 6, maxConnections: 16, ...config })
  script.command({ type: 'listening', port: 6001 })
  script.command({ type: 'subscribe', subscriber: 0, party: 'app', dataType: 7 })
  return script
}

const announce = (overrides: Partial<Announce> = {}): Announce => ({
  type: 'announce',
  id: 0x0123_4567_89ab_cdefn,
  ttl: 0,
  dataType: 7,
  data: Uint8Array.of(1, 2, 3),
  ...overrides
})

/** All subscribers find it valid. @returns what follows */
function accept(script: GossipScript, effects: GossipEffect[]): GossipEffect[] {
  return only('ask', effects).flatMap(({ ask }) =>
    ask.type === 'validate'
      ? script.answer({ type: 'verdict', ticket: ask.ticket, subscriber: ask.subscriber, valid: true })
      : []
  )
}

const announces = (effects: GossipEffect[]): [string, Announce][] =>
  sent(effects).flatMap(([to, message]) => (message.type === 'announce' ? [[to, message]] : []))

describe('ids between dialects', () => {
  const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

  it('of 64 bits are 48 of SHA-256(id16 ‖ data type ‖ data), and the 16', () => {
    const data = Buffer.from('psst')
    const sum = createHash('sha256')
      .update(Buffer.of(0xbe, 0xef, 0x05, 0x39))
      .update(data)
      .digest('hex')
    expect(wideId(0xbeef, 0x0539, data, sha256).toString(16).padStart(16, '0')).toBe(`${sum.slice(0, 12)}beef`)
  })

  it('are the same with either SHA-256', () => {
    const narrow = dialectsOf(['gossip-p2p'], sha256)[0]!
    const frame = narrow.encode(announce())
    expect(narrow.decode(frame)).toEqual(p2p.decode(frame))
  })

  it('of our announces come back from a narrow dialect as they were, with their data', () => {
    const script = setUp()
    script.push('a')
    const ids = new Set<bigint>()

    for (let i = 0; i < 50; i++) {
      const command = { type: 'announce', party: 'app', dataType: 7, data: Uint8Array.of(i), ttl: i } as const
      const [[, message] = []] = announces(script.command(command))
      expect(p2p.decode(p2p.encode(message!))).toEqual(message)
      ids.add(message!.id & 0xffffn)
    }

    expect(ids.size).toBeGreaterThan(45)
  })

  it('of equal announces of ours differ, however many there are', () => {
    const script = setUp()
    script.push('a')
    const same = { type: 'announce', party: 'app', dataType: 7, data: new Uint8Array(1), ttl: 0 } as const
    const ids = Array.from({ length: 3_000 }, () => announces(script.command(same))[0]![1].id)
    // 16 bits alone would have collided 68 times
    expect(new Set(ids).size).toBe(3_000)
  })

  it('of equal announces of ours differ also when no 16 bits are left', () => {
    const script = setUp({ cacheSize: 200_000 })
    script.push('a')
    const same = { type: 'announce', party: 'app', dataType: 7, data: new Uint8Array(1), ttl: 0 } as const
    const ids = Array.from({ length: 100_000 }, () => announces(script.command(same))[0]![1].id)
    expect(new Set(ids).size).toBe(100_000)
  }, 20_000)

  it('made otherwise do not come back as another announce, from a narrow dialect', () => {
    const script = setUp()
    ;['a', 'b'].forEach((name) => script.push(name))
    script.push('narrow', P2P_PROTOCOL)
    const onward = announces(accept(script, script.message('a', announce())))
    expect(onward.map(([to]) => to).toSorted()).toEqual([peer('b'), peer('narrow')])
    const back = p2p.decode(p2p.encode(announce()))
    expect((back as Announce).id).not.toBe(announce().id)
    expect(script.message('narrow', back)).toEqual([])
  })

  it('are restored for data too long for the others, which is dropped', () => {
    const script = setUp()
    script.push('narrow', P2P_PROTOCOL)
    const longest = announce({ data: new Uint8Array(65_519) })
    const longer = announce({ data: new Uint8Array(65_520) })
    expect(script.message('narrow', p2p.decode(p2p.encode(longest)))).toHaveLength(1)
    expect(script.message('narrow', p2p.decode(p2p.encode(longer)))).toEqual([])
    expect(g1.encode(longest)).toHaveLength(65_533)
  })
})

describe('a peer of the narrow dialect', () => {
  it('passes the gate, and hears OK', () => {
    const script = setUp()
    const effects = script.push('a', P2P_PROTOCOL)
    expect(sent(effects)).toEqual([[peer('a'), { type: 'verdict', valid: true }]])
    const event = { type: 'verified', peer: peer('a'), direction: 'inbound', dialect: 'gossip-p2p' }
    expect(events(effects)).toContainEqual(event)
  })

  it('is closed and refused for a wrong proof, without a word', () => {
    const script = setUp()
    const challenge = challengeIn(script.connected('a', 'inbound', 'group', P2P_PROTOCOL))
    const effects = script.message('a', { type: 'proof', nonce: nonceFor(challenge, false) })
    expect(sent(effects)).toEqual([])
    expect(closes(effects)).toEqual([[peer('a'), 'wrong proof']])
    script.disconnected('a')
    expect(closes(script.connected('a', 'inbound', 'group', P2P_PROTOCOL))).toEqual([[peer('a'), 'banned']])
  })

  it('is told no port, and asked for no peers', () => {
    const script = setUp()
    script.command({ type: 'start' })
    expect(sent(script.connected('a', 'outbound', 'group', P2P_PROTOCOL))).toEqual([])
    script.push('b', P2P_PROTOCOL)
    script.push('c')
    expect(sent(script.advance(MINUTE))).toEqual([[peer('c'), { type: 'discovery' }]])
  })

  it('is never sent anything that its dialect has no message for', () => {
    const all: Message[] = [
      { type: 'verdict', valid: true },
      { type: 'challenge', challenge: 1n },
      { type: 'proof', nonce: 1n },
      announce()
    ]
    expect(all.map((message) => p2p.encode(message)[1])).toEqual([0xfa, 0xf8, 0xf9, 0xfb])
    expect(p2p.ask({ below: () => 0, uint64: () => 0n })).toBeUndefined()
    expect(p2p.greet(6001)).toEqual([])
    expect(p2p.judge(false)).toEqual([])
  })
})

/** The offer with a nonce, as somebody who worked for it sends it */
function worked(offer: Offer): Offer {
  const frame = midterm.encode({ ...offer, nonce: 0n })
  const packet = Uint8Array.of((frame.byteLength + 2) >> 8, (frame.byteLength + 2) & 0xff, ...frame)
  const found = fastestScan(packetPuzzle(packet, OFFER_BITS))(0, 0, 2 ** 24)
  return { ...offer, nonce: BigInt(found) }
}

describe('a peer of the midterm dialect', () => {
  const connect = (script: GossipScript, name: string | number, group = 'group'): GossipEffect[] =>
    script.connected(name, 'inbound', group, MIDTERM_PROTOCOL)

  it('may speak at once, and is told a port when we dialled it', () => {
    const script = setUp()
    expect(sent(connect(script, 'a'))).toEqual([])
    expect(sent(script.connected('b', 'outbound', 'group', MIDTERM_PROTOCOL))).toEqual([
      [peer('b'), { type: 'info', port: 6001 }]
    ])
    const onward = announces(accept(script, script.message('a', announce())))
    expect(onward).toEqual([[peer('b'), announce()]])
    expect(script.message('a', { type: 'info', port: 1 })).toEqual([])
    expect(closes(script.message('a', { type: 'info', port: 1 }))).toEqual([[peer('a'), 'violation']])
  })

  it('waits for no challenge that could be late', () => {
    const script = setUp()
    connect(script, 'a')
    script.connected('b', 'outbound', 'group', MIDTERM_PROTOCOL)
    expect(closes(script.advance(10 * MINUTE))).toEqual([])
  })

  it('never counts as verified: it does not make the node ready, nor keep it from searching', () => {
    const script = setUp({ knownPeers: [address('known')], minConnections: 4 })
    script.command({ type: 'start' })
    script.input({ type: 'dialled', dial: '0' })
    const effects = [1, 2, 3, 4].flatMap((name) => connect(script, name))
    expect(events(effects).filter(({ type }) => type === 'ready')).toEqual([])
    const asked = sent(script.advance(MINUTE)).filter(([, { type }]) => type === 'discovery')
    expect(asked).toHaveLength(4)
  })

  it('holds one of a quarter of the places; for a newcomer the oldest of the fullest address group leaves', () => {
    const script = setUp({ maxConnections: 19 })
    connect(script, 'first', 'lonely')
    ;['a', 'b', 'c'].forEach((name) => connect(script, name, 'crowd'))
    expect(closes(connect(script, 'd', 'elsewhere'))).toEqual([[peer('a'), 'crowded']])
    expect(closes(connect(script, 'e', 'crowd'))).toEqual([[peer('b'), 'crowded']])
    // they may come back
    script.disconnected('a')
    expect(closes(connect(script, 'a', 'crowd'))).toEqual([[peer('c'), 'crowded']])
  })

  it('keeps its place when we dialled it, and there are no more of those either', () => {
    const script = setUp()
    const dialled = [1, 2, 3, 4].map((name) => script.connected(name, 'outbound', 'group', MIDTERM_PROTOCOL))
    expect(closes(dialled.flat())).toEqual([])
    expect(closes(connect(script, 'a'))).toEqual([[peer('a'), 'crowded']])
    expect(closes(script.connected(5, 'outbound', 'group', MIDTERM_PROTOCOL))).toEqual([[peer(5), 'crowded']])
    script.disconnected(1)
    expect(closes(connect(script, 'b'))).toEqual([])
  })

  it('leaves both views to the others', () => {
    const script = setUp()
    ;[1, 2, 3, 4].forEach((name) => connect(script, name))
    const pushed = Array.from({ length: 8 }, (_, i) => script.push(`push${i}`))
    expect(closes(pushed.flat())).toEqual([])
  })

  it('is dialled no more than there are places, where nothing else is spoken', () => {
    const script = setUp({ dialects: ['gossip-midterm'], minConnections: 20, maxConnections: 20, degree: 4 })
    script.command({ type: 'start' })
    ;['a', 'b'].forEach((name) => connect(script, name))

    // two of five places are taken
    for (const [to, question] of sent(script.advance(MINUTE))) {
      const addresses = [1, 2, 3].map((name) => address(`${to}-${name}`))
      const challenge = (question as Discovery).challenge!
      script.message(to.slice('peer-'.length), worked({ type: 'offer', addresses, challenge }))
    }

    expect(only('dial', script.advance(1_000))).toHaveLength(3)
  })
})

it('a peer that leaves has no work done for it any longer', () => {
  const script = setUp()
  script.push('other')
  script.connected('a', 'inbound', 'group', MIDTERM_PROTOCOL)
  const question = { type: 'discovery', challenge: 77n } as const
  const [lookUp] = only('ask', script.message('a', question))
  const answer = { type: 'addresses', asker: peer('a'), question, addresses: [address('other')] } as const
  const [proof] = only('ask', script.answer({ ...answer, addresses: [...answer.addresses] }))
  expect(proof!.ask.type).toBe('prove')
  // one key for both: they follow each other
  expect(proof!.key).toBe(lookUp!.key)
  expect(only('cancel', script.disconnected('a'))).toEqual([{ type: 'cancel', key: proof!.key }])
  script.connected('a', 'inbound', 'group', MIDTERM_PROTOCOL)
  expect(only('cancel', script.disconnected('a'))).toEqual([])
})

describe('an offer of the midterm dialect', () => {
  const addresses = [address('x')]

  /** A midterm peer, asked. @returns the challenges of the questions */
  function asked(): { script: GossipScript; challenges: bigint[] } {
    const script = setUp()
    script.command({ type: 'start' })
    script.connected('a', 'inbound', 'group', MIDTERM_PROTOCOL)
    const challenges = [script.advance(MINUTE), script.advance(MINUTE)].map(
      (effects) => (sent(effects)[0]![1] as Discovery).challenge!
    )
    return { script, challenges }
  }

  it('is taken once for each question, in any order', () => {
    const { script, challenges } = asked()
    expect(challenges[0]).not.toBe(challenges[1])
    const [first, second] = challenges.map((challenge) => worked({ type: 'offer', addresses, challenge }))
    expect(closes(script.message('a', second!))).toEqual([])
    expect(closes(script.message('a', first!))).toEqual([])
    expect(closes(script.message('a', first!))).toEqual([[peer('a'), 'violation']])
  })

  it('of another challenge costs the stream', () => {
    const { script, challenges } = asked()
    const offer = worked({ type: 'offer', addresses, challenge: challenges[0]! + 1n })
    expect(closes(script.message('a', offer))).toEqual([[peer('a'), 'violation']])
  })

  it('without its work costs the stream, also when the addresses were changed after it', () => {
    const { script, challenges } = asked()
    const offer = worked({ type: 'offer', addresses, challenge: challenges[0]! })
    const changed = { ...offer, addresses: [address('y')] }
    expect(closes(script.message('a', changed))).toEqual([[peer('a'), 'violation']])
  })

  it('is taken for 300 s', () => {
    const { script, challenges } = asked()
    script.advance(300_000 - MINUTE)
    const [late, last] = challenges.map((challenge) => worked({ type: 'offer', addresses, challenge }))
    expect(closes(script.message('a', last!))).toEqual([])
    script.advance(1)
    expect(closes(script.message('a', late!))).toEqual([[peer('a'), 'violation']])
  })

  it('is worked for before it is sent, and names peers of its like only to its like', () => {
    const script = setUp()
    script.push('gated')
    script.push('asker')
    ;['open', 'other'].forEach((name) => script.connected(name, 'inbound', 'group', MIDTERM_PROTOCOL))
    const peersFor = (name: string, question: Discovery): unknown =>
      only('ask', script.message(name, question)).map(({ ask }) => ask.type === 'addresses' && ask.peers)
    expect(peersFor('asker', { type: 'discovery' })).toEqual([[peer('gated')]])
    const question = { type: 'discovery', challenge: 77n } as const
    expect(peersFor('open', question)).toEqual([['gated', 'asker', 'other'].map(peer)])

    const [ask] = only('ask', script.answer({ type: 'addresses', asker: peer('open'), question, addresses }))
    const offer = { type: 'offer', challenge: 77n, nonce: 0n, addresses }
    expect(ask!.ask).toMatchObject({ type: 'prove', peer: peer('open'), offer, difficultyBits: OFFER_BITS })
    expect(script.answer({ type: 'proven', peer: peer('open') })).toEqual([])
    const proven = worked({ type: 'offer', challenge: 77n, addresses })
    expect(sent(script.answer({ type: 'proven', peer: peer('open'), offer: proven }))).toEqual([[peer('open'), proven]])
  })
})

it('a protocol that was not offered is not spoken', () => {
  const script = setUp({ dialects: ['gossip'] })
  expect(closes(script.connected('a', 'inbound', 'group', P2P_PROTOCOL))).toEqual([[peer('a'), 'violation']])
})
