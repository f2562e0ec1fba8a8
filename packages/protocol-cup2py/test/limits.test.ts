import { describe, expect, it } from 'vitest'
import { asks, closes, Cup2pyScript, hashOf, me, peer, recordOf, SECOND, sends, sentTo, START } from './script.ts'
import type { PeerKey } from '@hearsay/protocol-core/pure'
import type { Message } from '@hearsay/protocol-cup2py/codec'
import type { Command, Cup2pyEffect } from '@hearsay/protocol-cup2py/engine'

const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

const dials = (effects: Cup2pyEffect[]): string[] =>
  effects.flatMap((effect) => (effect.type === 'dial' ? [effect.dial] : []))

/** Users of the book without a session */
function strangers(script: Cup2pyScript, ...names: (string | number)[]): void {
  names.forEach((name) => script.command({ type: 'learn', record: recordOf(name, 3_600), reachedAt: 0 }))
}

describe('a peer', () => {
  it.each([
    ['sends malformed bytes', 'malformed'],
    ['sends what its key did not sign', 'forged']
  ])('that %s is closed, and refused for banTime (T1)', (_name, reason) => {
    const script = new Cup2pyScript({ banTime: MINUTE })
    script.connected('a')
    const effects =
      reason === 'malformed'
        ? script.input({ type: 'malformed', peer: peer('a') })
        : script.verdicts(
            script.message('a', { type: 'update', record: recordOf('x'), depth: 0, checked: [] }),
            'invalid'
          )
    expect(closes(effects)).toEqual([[peer('a'), reason]])
    script.input({ type: 'disconnected', peer: peer('a') })
    script.advance(59 * SECOND)
    expect(closes(script.connected('a'))).toEqual([[peer('a'), 'banned']])
    script.input({ type: 'disconnected', peer: peer('a') })
    script.advance(2 * SECOND)
    expect(closes(script.connected('a'))).toEqual([])
    expect(script.subject.stats.closed).toMatchObject({ [reason]: 1, banned: 1 })
  })

  it('is not listened to any more once it is closed', () => {
    const script = new Cup2pyScript().friends('a', 'b')
    script.input({ type: 'malformed', peer: peer('a') })
    expect(script.update('a', recordOf('x', 1))).toEqual([])
  })

  it('that says nothing for idleTime is closed (T4)', () => {
    const script = new Cup2pyScript({ idleTime: MINUTE })
    script.connected('silent', 'busy')
    script.advance(50 * SECOND)
    script.update('busy', recordOf('x', 1), 0)
    expect(closes(script.advance(11 * SECOND))).toEqual([[peer('silent'), 'idle']])
    expect(closes(script.advance(MINUTE))).toEqual([[peer('busy'), 'idle']])
  })

  it('too many makes the longest silent leave (T4)', () => {
    const script = new Cup2pyScript({ maxPeers: 2 })
    script.connected('a', 'b')
    script.update('a', recordOf('x', 1), 0)
    expect(closes(script.connected('c'))).toEqual([[peer('b'), 'crowded']])
    expect(script.subject.peerCount).toBe(2)
  })

  it('is heard requestRate times a second, and five seconds of it at once; coming back helps nothing (T5)', () => {
    const script = new Cup2pyScript({ requestRate: 10, verifyRate: 10 }).friends('a', 'b')
    const old = { type: 'update', record: recordOf('b', 9_999), depth: 0, checked: [] } as const
    Array.from({ length: 60 }, () => script.message('a', old))
    expect(script.subject.stats.dropped.rate).toBe(10)
    script.input({ type: 'disconnected', peer: peer('a') })
    script.connected('a')
    script.message('a', old)
    expect(script.subject.stats.dropped.rate).toBe(11)
    script.advance(SECOND)
    Array.from({ length: 12 }, () => script.message('a', old))
    expect(script.subject.stats.dropped.rate).toBe(13)
  })

  it('has verifyRate signatures a second checked, and no more (T5)', () => {
    const script = new Cup2pyScript({ requestRate: 1_000, verifyRate: 2 })
    script.connected('a')
    const checked = Array.from({ length: 50 }, (_, i) =>
      asks(script.message('a', { type: 'update', record: recordOf(i, 1), depth: 0, checked: [] }))
    )
    expect(checked.flat()).toHaveLength(10)
  })

  it('with ten times the load takes nothing from the others (T5)', () => {
    const script = new Cup2pyScript().friends('attacker', 'honest', 'x')
    let delivered = 0

    for (let i = 0; i < 100; i++) {
      for (let j = 0; j < 2_000; j++) {
        script.update('attacker', recordOf('spam', 3_600 - i), 3)
      }

      delivered += sentTo(script.update('honest', recordOf(`author ${i}`, 1))).includes(peer('x')) ? 1 : 0
      script.advance(SECOND)
    }

    expect(delivered).toBe(100)
    expect(script.subject.stats.dropped.rate).toBeGreaterThan(100_000)
  }, 60_000)
})

describe('dials', () => {
  it('are made to users of the book without a session, who then get what waited for them', () => {
    const script = new Cup2pyScript()
    strangers(script, 'a')
    const effects = script.command({ type: 'publish', record: me, depth: 3 })
    expect(effects.filter(({ type }) => type === 'dial')).toEqual([
      { type: 'dial', dial: peer('a'), peer: peer('a'), addresses: [recordOf('a').address] }
    ])
    expect(sentTo(script.connected('a'))).toEqual([peer('a')])
    const reached = script.input({ type: 'dialled', dial: peer('a'), peer: peer('a') })
    expect(asks(reached)).toEqual([{ type: 'reached', hash: hashOf('a') }])
    expect(script.subject.users.isReached(hashOf('a'))).toBe(true)
  })

  it('are one a second, sixteen at once after a rest', () => {
    const script = new Cup2pyScript()
    strangers(script, ...Array.from({ length: 16 }, (_, i) => i))
    expect(dials(script.command({ type: 'publish', record: me, depth: 3 }))).toHaveLength(16)
    strangers(script, ...Array.from({ length: 16 }, (_, i) => i + 16))
    expect(dials(script.command({ type: 'publish', record: me, depth: 3 }))).toHaveLength(0)
    expect(dials(script.advance(SECOND))).toHaveLength(1)
    expect(dials(script.advance(3 * SECOND))).toHaveLength(3)
  })

  it('need no patience with peers that libp2p is connected to', () => {
    const script = new Cup2pyScript()
    const names = Array.from({ length: 40 }, (_, i) => i)
    script.command({ type: 'learn', record: recordOf(0, 3_600), reachedAt: START })
    names.forEach((name) => {
      script.command({ type: 'learn', record: recordOf(name, 3_600), reachedAt: START })
      script.input({ type: 'found', peer: peer(name), direction: 'inbound' })
    })
    const effects = script.command({ type: 'publish', record: me, depth: 3 })
    expect(dials(effects)).toHaveLength(40)
    expect(effects).toContainEqual({ type: 'dial', dial: peer(0), peer: peer(0), addresses: [] })
  })

  it('leave an address alone for an hour after a failure', () => {
    const script = new Cup2pyScript()
    strangers(script, 'a')
    expect(dials(script.command({ type: 'publish', record: me, depth: 3 }))).toEqual([peer('a')])
    script.input({ type: 'dialled', dial: peer('a') })
    script.advance(59 * MINUTE)
    expect(dials(script.command({ type: 'publish', record: me, depth: 3 }))).toEqual([])
    script.advance(2 * MINUTE)
    expect(dials(script.command({ type: 'publish', record: me, depth: 3 }))).toEqual([peer('a')])
  })

  it('are made to an address that failed when libp2p is connected there meanwhile', () => {
    const script = new Cup2pyScript()
    strangers(script, 'a')
    const publish = (): string[] => dials(script.command({ type: 'publish', record: me, depth: 3 }))
    publish()
    script.input({ type: 'dialled', dial: peer('a') })
    expect(publish()).toEqual([])
    script.input({ type: 'found', peer: peer('a'), direction: 'inbound' })
    expect(publish()).toEqual([peer('a')])
    // and once more only when it is connected anew
    script.input({ type: 'dialled', dial: peer('a') })
    expect(publish()).toEqual([])
  })

  it('that wait too long are not made', () => {
    const script = new Cup2pyScript({ dialRate: 1 })
    strangers(script, ...Array.from({ length: 16 }, (_, i) => i))
    script.command({ type: 'publish', record: me, depth: 3 })
    strangers(script, ...Array.from({ length: 16 }, (_, i) => i + 16))
    script.command({ type: 'publish', record: me, depth: 3 })
    expect(dials(script.advance(HOUR)).length).toBeLessThan(12)
  })
})

describe('the book', () => {
  it('forgets first who was never reached, then who was reached longest ago, and never who is pinned', () => {
    const script = new Cup2pyScript({ maxUsers: 4 })
    const learn = (name: string, reachedAt: number): unknown[] =>
      asks(script.command({ type: 'learn', record: recordOf(name), reachedAt })).flatMap((ask) =>
        ask.type === 'store' ? ask.evicted : []
      )
    learn('pinned', 1)
    script.command({ type: 'pin', hash: hashOf('pinned'), pinned: true })
    learn('first', 1)
    learn('second', 2)
    learn('stranger', 0)
    expect(learn('third', 3)).toEqual([hashOf('stranger')])
    expect(learn('fourth', 4)).toEqual([hashOf('first')])
    expect(script.subject.users.get(hashOf('pinned'))).toBeDefined()
  })

  it('has room for strangers in one half only: 1,000 identities of an attacker push nobody out (T14)', () => {
    const script = new Cup2pyScript({ maxUsers: 200, verifyRate: 10_000, requestRate: 10_000 })
    const honest = Array.from({ length: 100 }, (_, i) => `honest-${i}`)
    script.friends(...honest.slice(0, 20))
    honest.forEach((name) => script.command({ type: 'learn', record: recordOf(name), reachedAt: START }))
    script.connected('attacker')
    Array.from({ length: 1_000 }, (_, i) => script.update('attacker', recordOf(`sybil-${i}`, 1), 3))
    expect(honest.every((name) => script.subject.users.get(hashOf(name)) !== undefined)).toBe(true)
    expect(script.subject.users.size).toBe(200)
    // and most of what we say goes to honest ones
    const publish: Command = {
      type: 'search',
      id: 1,
      target: hashOf('x'),
      sender: me,
      depth: 7,
      quietTime: SECOND,
      held: undefined
    }
    const [[, { checked: told }]] = sends(script.command(publish)) as [[PeerKey, Message]]
    const known = new Set(honest.map((name) => hashOf(name)))
    expect(told.filter((hash) => known.has(hash)).length).toBeGreaterThanOrEqual(told.length / 2)
  })

  it('fills with strangers up to one half, those heard of first leaving (T14)', () => {
    const script = new Cup2pyScript({ maxUsers: 10 })
    script.connected('a')
    Array.from({ length: 8 }, (_, i) => script.update('a', recordOf(`stranger-${i}`, 1), 0))
    expect(script.subject.users.size).toBe(5)
    expect(script.subject.users.get(hashOf('stranger-2'))).toBeUndefined()
    expect(script.subject.users.get(hashOf('stranger-3'))).toBeDefined()
  })

  it('takes nobody when it is full of pinned users', () => {
    const script = new Cup2pyScript({ maxUsers: 1 }).friends('a')
    script.command({ type: 'pin', hash: hashOf('a'), pinned: true })
    expect(asks(script.update('a', recordOf('b', 1)))).toEqual([])
    expect(script.subject.users.size).toBe(1)
  })

  it('lets leave what does not fit when it is opened', () => {
    const script = new Cup2pyScript({ maxUsers: 2 })
    const users = [3, 1, 2].map((reachedAt) => ({
      hash: hashOf(reachedAt),
      address: '',
      date: '2023-01-01 00:00:00.000001',
      rank: 0,
      reachedAt,
      pinned: false
    }))
    const effects = script.command({ type: 'load', users: users.toSorted((a, b) => a.reachedAt - b.reachedAt) })
    expect(asks(effects)).toEqual([{ type: 'remove', hash: hashOf(1) }])
  })
})
