import { gossipDefaults } from '@hearsay/protocol-gossip'
import { describe, expect, it } from 'vitest'
import { challengeIn, closes, events, GossipScript, nonceFor, only, peer, sent } from './script.ts'
import type { Message } from '@hearsay/protocol-gossip/codec'

const announce: Message = { type: 'announce', id: 1n, ttl: 0, dataType: 1, data: new Uint8Array(1) }
const MINUTE = 60_000

describe('an acceptor', () => {
  it('challenges at once, with a fresh challenge for each, urgently', () => {
    const script = new GossipScript()
    const [a, b] = [script.connected('a', 'inbound'), script.connected('b', 'inbound')]
    expect(only('send', a)).toEqual([
      { type: 'send', peer: peer('a'), message: { type: 'challenge', challenge: challengeIn(a) }, urgent: true }
    ])
    expect(challengeIn(a)).not.toBe(challengeIn(b))
    script.disconnected('a')
    expect(challengeIn(script.connected('a', 'inbound'))).not.toBe(challengeIn(a))
  })

  it('verifies the right proof', () => {
    const script = new GossipScript()
    const effects = script.push('a')
    expect(sent(effects)).toEqual([[peer('a'), { type: 'verdict', valid: true }]])
    expect(events(effects)).toContainEqual({
      type: 'verified',
      peer: peer('a'),
      direction: 'inbound',
      dialect: 'gossip'
    })
    expect(closes(effects)).toEqual([])
  })

  it('answers a wrong one with V=0, closes, and refuses that peer for banTime', () => {
    const script = new GossipScript({ banTime: 5 * MINUTE })
    const challenge = challengeIn(script.connected('a', 'inbound'))
    const effects = script.message('a', { type: 'proof', nonce: nonceFor(challenge, false) })
    expect(sent(effects)).toEqual([[peer('a'), { type: 'verdict', valid: false }]])
    expect(closes(effects)).toEqual([[peer('a'), 'wrong proof']])
    script.disconnected('a')
    script.advance(5 * MINUTE - 1)
    expect(closes(script.connected('a', 'inbound'))).toEqual([[peer('a'), 'banned']])
    script.disconnected('a')
    script.advance(1)
    expect(closes(script.connected('a', 'inbound'))).toEqual([])
  })

  it('does not take a proof of another challenge', () => {
    const script = new GossipScript()
    const old = challengeIn(script.connected('a', 'inbound'))
    script.disconnected('a')
    const fresh = challengeIn(script.connected('a', 'inbound'))
    let nonce = nonceFor(old)
    while (nonceFor(fresh) === nonce) {
      nonce++
    }
    expect(closes(script.message('a', { type: 'proof', nonce }))).toEqual([[peer('a'), 'wrong proof']])
  })

  it.each([
    ['announce', announce],
    ['discovery', { type: 'discovery' }],
    ['offer', { type: 'offer', addresses: [] }],
    ['challenge', { type: 'challenge', challenge: 1n }],
    ['verdict', { type: 'verdict', valid: true }]
  ] as [string, Message][])('cuts off a peer that sends %s before its proof', (_name, message) => {
    const script = new GossipScript()
    script.connected('a', 'inbound')
    expect(closes(script.message('a', message))).toEqual([[peer('a'), 'violation']])
    script.disconnected('a')
    expect(closes(script.connected('a', 'inbound'))).toEqual([[peer('a'), 'banned']])
  })

  it('takes one INFO before the proof, not two', () => {
    const script = new GossipScript()
    const challenge = challengeIn(script.connected('a', 'inbound'))
    expect(script.message('a', { type: 'info', port: 6001 })).toEqual([])
    expect(closes(script.message('a', { type: 'proof', nonce: nonceFor(challenge) }))).toEqual([])
    expect(closes(script.message('a', { type: 'info', port: 6001 }))).toEqual([[peer('a'), 'violation']])
  })

  it.each([
    ['proof', { type: 'proof', nonce: 0n }],
    ['challenge', { type: 'challenge', challenge: 1n }],
    ['verdict', { type: 'verdict', valid: false }]
  ] as [string, Message][])('cuts off a verified peer that sends another %s', (_name, message) => {
    const script = new GossipScript()
    script.push('a')
    expect(closes(script.message('a', message))).toEqual([[peer('a'), 'violation']])
  })

  it('closes a late one without a ban', () => {
    const script = new GossipScript({ challengeTimeout: 2 * MINUTE })
    script.connected('a', 'inbound')
    script.advance(MINUTE)
    script.connected('b', 'inbound')
    expect(script.advance(MINUTE - 1)).toEqual([])
    expect(closes(script.advance(1))).toEqual([[peer('a'), 'late']])
    script.disconnected('a')
    expect(closes(script.advance(MINUTE))).toEqual([[peer('b'), 'late']])
    expect(closes(script.connected('a', 'inbound'))).toEqual([])
  })

  it('closes nobody late who was verified in time', () => {
    const script = new GossipScript()
    script.push('a')
    script.connected('b', 'inbound')
    expect(closes(script.advance(gossipDefaults.challengeTimeout))).toEqual([[peer('b'), 'late']])
    expect(closes(script.advance(10 * MINUTE))).toEqual([])
  })

  it('makes the oldest of the most crowded address group leave for a newcomer beyond maxUnverified', () => {
    const script = new GossipScript({ maxUnverified: 4 })
    script.connected('first', 'inbound', 'lonely')
    ;['a', 'b', 'c'].forEach((name) => script.connected(name, 'inbound', 'crowd'))
    expect(closes(script.connected('d', 'inbound', 'elsewhere'))).toEqual([[peer('a'), 'crowded']])
    script.disconnected('a')
    expect(closes(script.connected('e', 'inbound', 'crowd'))).toEqual([[peer('b'), 'crowded']])
    expect(closes(script.connected('a', 'inbound', 'lonely'))).not.toContainEqual([peer('a'), 'banned'])
  })

  it('does not count verified peers, and those it dialled, as unverified', () => {
    const script = new GossipScript({ maxUnverified: 1 })
    script.push('a')
    script.connected('b', 'outbound')
    expect(closes(script.connected('c', 'inbound'))).toEqual([])
  })

  it('bans a peer that sends malformed bytes, also a verified one', () => {
    const script = new GossipScript()
    script.push('a')
    expect(closes(script.input({ type: 'malformed', peer: peer('a') }))).toEqual([[peer('a'), 'malformed']])
    script.disconnected('a')
    expect(closes(script.connected('a', 'inbound'))).toEqual([[peer('a'), 'banned']])
  })

  it('remembers a bounded number of bans, the newest', () => {
    const script = new GossipScript()

    for (let i = 0; i <= 4_096; i++) {
      script.connected(i, 'inbound')
      script.input({ type: 'malformed', peer: peer(i) })
      script.disconnected(i)
    }

    expect(closes(script.connected(0, 'inbound'))).toEqual([])
    expect(closes(script.connected(1, 'inbound'))).toEqual([[peer(1), 'banned']])
  })
})

describe('an initiator', () => {
  it('solves the challenge, sends the proof, and is in once it is accepted', () => {
    const script = new GossipScript()
    expect(script.connected('a', 'outbound')).toEqual([])
    expect(only('ask', script.message('a', { type: 'challenge', challenge: 5n }))).toEqual([
      { type: 'ask', ask: { type: 'solve', peer: peer('a'), challenge: 5n }, key: 'solve peer-a' }
    ])
    expect(script.answer({ type: 'solved', peer: peer('a'), challenge: 5n, nonce: 9n })).toEqual([
      { type: 'send', peer: peer('a'), message: { type: 'proof', nonce: 9n }, urgent: true }
    ])
    expect(events(script.message('a', { type: 'verdict', valid: true }))).toContainEqual({
      type: 'verified',
      peer: peer('a'),
      direction: 'outbound',
      dialect: 'gossip'
    })
  })

  it('tells its port first, once it knows one', () => {
    const script = new GossipScript()
    script.command({ type: 'listening', port: 6001 })
    expect(sent(script.connected('a', 'outbound'))).toEqual([[peer('a'), { type: 'info', port: 6001 }]])
    expect(sent(script.connected('b', 'inbound')).map(([, { type }]) => type)).toEqual(['challenge'])
  })

  it.each([
    ['announce', announce],
    ['discovery', { type: 'discovery' }],
    ['verdict', { type: 'verdict', valid: true }],
    ['info', { type: 'info', port: 1 }],
    ['proof', { type: 'proof', nonce: 1n }]
  ] as [string, Message][])('takes the challenge only, not %s', (_name, message) => {
    const script = new GossipScript()
    script.connected('a', 'outbound')
    expect(closes(script.message('a', message))).toEqual([[peer('a'), 'violation']])
  })

  it('cuts off who challenges twice', () => {
    const script = new GossipScript()
    script.connected('a', 'outbound')
    script.message('a', { type: 'challenge', challenge: 5n })
    expect(closes(script.message('a', { type: 'challenge', challenge: 6n }))).toEqual([[peer('a'), 'violation']])
  })

  it('leaves, without a ban, who refuses its proof', () => {
    const script = new GossipScript()
    script.connected('a', 'outbound')
    script.message('a', { type: 'challenge', challenge: 5n })
    script.answer({ type: 'solved', peer: peer('a'), challenge: 5n, nonce: 9n })
    expect(closes(script.message('a', { type: 'verdict', valid: false }))).toEqual([[peer('a'), 'refused']])
    script.disconnected('a')
    expect(closes(script.connected('a', 'outbound'))).toEqual([])
  })

  it('gives up where it found no proof', () => {
    const script = new GossipScript()
    script.connected('a', 'outbound')
    script.message('a', { type: 'challenge', challenge: 5n })
    expect(closes(script.answer({ type: 'solved', peer: peer('a'), challenge: 5n }))).toEqual([[peer('a'), 'unsolved']])
  })

  it('stops solving when the peer leaves, and ignores what comes of it', () => {
    const script = new GossipScript()
    script.connected('a', 'outbound')
    script.message('a', { type: 'challenge', challenge: 5n })
    expect(only('cancel', script.disconnected('a'))).toEqual([{ type: 'cancel', key: 'solve peer-a' }])
    expect(script.answer({ type: 'solved', peer: peer('a'), challenge: 5n, nonce: 9n })).toEqual([])
    script.connected('a', 'outbound')
    script.message('a', { type: 'challenge', challenge: 6n })
    expect(script.answer({ type: 'solved', peer: peer('a'), challenge: 5n, nonce: 9n })).toEqual([])
  })

  it('waits for a challenge and a verdict only so long', () => {
    const script = new GossipScript({ challengeTimeout: MINUTE })
    script.connected('a', 'outbound')
    expect(closes(script.advance(MINUTE))).toEqual([[peer('a'), 'late']])
  })
})

it('ignores messages of peers it does not know', () => {
  const script = new GossipScript()
  expect(script.message('ghost', { type: 'proof', nonce: 1n })).toEqual([])
  expect(script.disconnected('ghost').filter(({ type }) => type !== 'cancel')).toEqual([])
})
