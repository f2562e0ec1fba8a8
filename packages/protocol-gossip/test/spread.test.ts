import { gossipDefaults } from '@hearsay/protocol-gossip'
import { describe, expect, it, vi } from 'vitest'
import { closes, events, GossipScript, only, peer, sent } from './script.ts'
import type { GossipConfig, GossipEffect } from '@hearsay/protocol-gossip/engine'
import type { Announce } from '@hearsay/protocol-gossip/codec'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const announce = (overrides: Partial<Announce> = {}): Announce => ({
  type: 'announce',
  id: 1n,
  ttl: 0,
  dataType: 7,
  data: Uint8Array.of(1, 2, 3),
  ...overrides
})

/** A node with verified peers a, b, c, d, e and, unless told otherwise, one subscriber of type 7 */
function setUp(config: Partial<GossipConfig> = {}, subscribers = 1): GossipScript {
  const script = new GossipScript({ degree: 3, minConnections: 3, ...config })
  ;['a', 'b', 'c', 'd', 'e'].forEach((name) => script.push(name))

  for (let subscriber = 0; subscriber < subscribers; subscriber++) {
    script.command({ type: 'subscribe', subscriber, party: `party ${subscriber}`, dataType: 7 })
  }

  return script
}

/** The tickets asked about */
const tickets = (effects: GossipEffect[]): number[] =>
  only('ask', effects).flatMap(({ ask }) => (ask.type === 'validate' ? [ask.ticket] : []))

/** Receive, and have every subscriber answer */
function receive(script: GossipScript, message: Announce, valid = true): GossipEffect[] {
  return only('ask', script.message('a', message)).flatMap(({ ask }) =>
    ask.type === 'validate'
      ? script.answer({ type: 'verdict', ticket: ask.ticket, subscriber: ask.subscriber, valid })
      : []
  )
}

describe('an announce received', () => {
  it('is shown to the subscriber, then delivered and passed on to degree others, never back', () => {
    const script = setUp()
    const asked = script.message('a', announce())
    expect(only('ask', asked).map(({ ask }) => ask)).toMatchObject([{ type: 'validate', announce: announce() }])
    expect(sent(asked)).toEqual([])
    const effects = script.answer({ type: 'verdict', ticket: tickets(asked)[0]!, subscriber: 0, valid: true })
    expect(events(effects)).toEqual([{ type: 'message', announce: announce(), from: peer('a') }])
    expect(sent(effects)).toHaveLength(3)
    expect(new Set(sent(effects).map(([to]) => to)).size).toBe(3)
    expect(sent(effects).map(([to]) => to)).not.toContain(peer('a'))
  })

  it('goes to different peers each time', () => {
    const script = setUp()
    const chosen = Array.from({ length: 40 }, (_, i) => receive(script, announce({ id: BigInt(i) })))
    const counts = new Map<string, number>()
    sent(chosen.flat()).forEach(([to]) => counts.set(to, (counts.get(to) ?? 0) + 1))
    expect([...counts.keys()].toSorted()).toEqual(['b', 'c', 'd', 'e'].map(peer))
    expect(Math.min(...counts.values())).toBeGreaterThan(15)
  })

  it.each([
    [4, 6, 6, 2, 2],
    [5, 6, 6, 3, 2],
    [4, 1, 6, 1, 3],
    [4, 6, 1, 3, 1],
    [4, 0, 6, 0, 4],
    [4, 1, 1, 1, 1]
  ])(
    'goes to as many that we dialled as dialled us, and to others where there are too few',
    (degree, dialled, accepted, toDialled, toAccepted) => {
      const script = new GossipScript({ degree, minConnections: 6 })
      script.push('from')
      Array.from({ length: dialled }, (_, i) => script.pull(`dialled ${i}`))
      Array.from({ length: accepted }, (_, i) => script.push(`accepted ${i}`))
      script.command({ type: 'subscribe', subscriber: 0, party: 'app', dataType: 7 })
      const asked = script.message('from', announce())
      const chosen = sent(script.answer({ type: 'verdict', ticket: tickets(asked)[0]!, subscriber: 0, valid: true }))
      const count = (kind: string): number => chosen.filter(([to]) => to.startsWith(`peer-${kind}`)).length
      expect([count('dialled'), count('accepted'), chosen.length]).toEqual([
        toDialled,
        toAccepted,
        toDialled + toAccepted
      ])
    }
  )

  it('goes to those we dialled for a cooldown after one that dialled us took the place of another', () => {
    const script = new GossipScript({ degree: 4, minConnections: 6, maxConnections: 8 })
    ;['a', 'b', 'c', 'd'].forEach((name) => script.pull(`dialled ${name}`))
    ;['from', 'b', 'c', 'd'].forEach((name) => script.push(name))
    const dialled = (): number =>
      sent(script.command({ type: 'announce', party: 'app', dataType: 7, data: Uint8Array.of(1), ttl: 0 })).filter(
        ([to]) => to.startsWith('peer-dialled')
      ).length
    expect(dialled()).toBe(2)
    script.push('newcomer')
    script.disconnected('from')
    expect(dialled()).toBe(4)
    script.advance(gossipDefaults.searchCooldown - 1)
    expect(dialled()).toBe(4)
    script.advance(1)
    expect(dialled()).toBe(2)
  })

  it('ends at the first V=0', () => {
    const script = setUp({}, 2)
    const [ticket] = tickets(script.message('a', announce()))
    const effects = script.answer({ type: 'verdict', ticket: ticket!, subscriber: 0, valid: false })
    expect(effects).toEqual([{ type: 'cancel', key: `verdict ${ticket} 1` }])
    expect(script.answer({ type: 'verdict', ticket: ticket!, subscriber: 1, valid: true })).toEqual([])
  })

  it('waits for all subscribers, each counted once', () => {
    const script = setUp({}, 2)
    const [ticket] = tickets(script.message('a', announce()))
    expect(script.answer({ type: 'verdict', ticket: ticket!, subscriber: 0, valid: true })).toEqual([])
    expect(script.answer({ type: 'verdict', ticket: ticket!, subscriber: 0, valid: true })).toEqual([])
    expect(sent(script.answer({ type: 'verdict', ticket: ticket!, subscriber: 1, valid: true }))).toHaveLength(3)
  })

  it('does not wait for a subscriber that left', () => {
    const script = setUp({}, 2)
    const [ticket] = tickets(script.message('a', announce()))
    script.answer({ type: 'verdict', ticket: ticket!, subscriber: 0, valid: true })
    const effects = script.command({ type: 'unsubscribe', subscriber: 1 })
    expect(only('cancel', effects)).toEqual([{ type: 'cancel', key: `verdict ${ticket} 1` }])
    expect(events(effects)).toHaveLength(1)
    expect(sent(effects)).toHaveLength(3)
  })

  it('is as unknown when every subscriber left without a word', () => {
    for (const relayUnknown of [false, true]) {
      const script = setUp({ relayUnknown }, 1)
      script.message('a', announce())
      const effects = script.command({ type: 'unsubscribe', subscriber: 0 })
      expect(events(effects)).toEqual([])
      expect(sent(effects)).toHaveLength(relayUnknown ? 3 : 0)
    }
  })

  it('is dropped when the verdict takes too long', () => {
    const script = setUp({ verdictTimeout: 10_000 })
    const [first] = tickets(script.message('a', announce()))
    script.advance(5_000)
    const [second] = tickets(script.message('a', announce({ id: 2n })))
    // whoever was asked need not think about it any longer
    expect(script.advance(5_000)).toEqual([{ type: 'cancel', key: `verdict ${first} 0` }])
    expect(script.answer({ type: 'verdict', ticket: first!, subscriber: 0, valid: true })).toEqual([])
    expect(events(script.answer({ type: 'verdict', ticket: second!, subscriber: 0, valid: true }))).toHaveLength(1)
  })

  it('is dropped where nobody subscribed to its type, unless relayUnknown is set', () => {
    expect(setUp().message('a', announce({ dataType: 8 }))).toEqual([])
    const effects = setUp({ relayUnknown: true }).message('a', announce({ dataType: 8 }))
    expect(sent(effects)).toHaveLength(3)
    expect(events(effects)).toEqual([])
  })

  it.each([
    [0, [0, 0, 0]],
    [1, []],
    [2, [1, 1, 1]],
    [255, [254, 254, 254]]
  ])('with ttl %i is passed on with %j', (ttl, onward) => {
    const effects = receive(setUp(), announce({ ttl }))
    expect(events(effects)).toHaveLength(1)
    expect(sent(effects).map(([, message]) => (message as Announce).ttl)).toEqual(onward)
  })

  it('keeps its id, data type and data', () => {
    const [[, onward] = []] = sent(receive(setUp(), announce({ id: 2n ** 64n - 1n, ttl: 3 })))
    expect(onward).toEqual(announce({ id: 2n ** 64n - 1n, ttl: 2 }))
  })

  it('is dropped the second time, from whomever, with whatever ttl', () => {
    const script = setUp()
    receive(script, announce())
    expect(script.message('b', announce())).toEqual([])
    expect(script.message('a', announce({ ttl: 9 }))).toEqual([])
  })

  it('is not silenced by other data under its id (T11)', () => {
    const script = setUp()
    receive(script, announce({ data: Uint8Array.of(9) }), false)
    expect(events(receive(script, announce()))).toHaveLength(1)
    expect(tickets(script.message('a', announce({ dataType: 8 })))).toEqual([])
    expect(events(receive(script, announce({ id: 2n })))).toHaveLength(1)
  })

  it('does not change when the chunk it came in is reused', () => {
    const script = setUp()
    const data = Uint8Array.of(1, 2, 3)
    const [ticket] = tickets(script.message('a', announce({ data })))
    data.fill(0)
    const effects = script.answer({ type: 'verdict', ticket: ticket!, subscriber: 0, valid: true })
    expect(events(effects)).toMatchObject([{ announce: { data: Uint8Array.of(1, 2, 3) } }])
  })
})

describe('what waits for verdicts', () => {
  const verdict = (script: GossipScript, ticket: number): GossipEffect[] =>
    script.answer({ type: 'verdict', ticket, subscriber: 0, valid: true })

  /** Three that came at 0, 2 and 4 s, to be judged within 10 s. @returns their tickets */
  function threeIn(script: GossipScript): [number, number, number] {
    return [1n, 2n, 3n].map((id) => {
      const [ticket] = tickets(script.message('a', announce({ id })))
      script.advance(2_000)
      return ticket!
    }) as [number, number, number]
  }

  it.each([
    ['expired', () => {}],
    ['was answered', (script: GossipScript, [first]: number[]) => verdict(script, first!)],
    [
      'and the second were answered',
      (script: GossipScript, both: number[]) => both.slice(0, 2).map((each) => verdict(script, each))
    ]
  ])('is given up in its own time, also after the first %s', (_name, answer) => {
    const script = setUp({ verdictTimeout: 10_000 })
    const all = threeIn(script)
    answer(script, all)
    script.advance(13_999 - script.now)
    const early = setUp({ verdictTimeout: 10_000 })
    const same = threeIn(early)
    answer(early, same)
    early.advance(13_999 - early.now)
    expect(events(verdict(early, same[2]))).toHaveLength(1)
    script.advance(1)
    expect(verdict(script, all[2])).toEqual([])
  })

  it('is given up in its time when nothing waited before it for a while', () => {
    const script = setUp({ verdictTimeout: 10_000 })
    threeIn(script)
    script.advance(60_000)
    const [ticket] = tickets(script.message('a', announce({ id: 9n })))
    script.advance(10_000)
    expect(verdict(script, ticket!)).toEqual([])
  })

  it('is bounded in number, the oldest given up', () => {
    const script = setUp()
    const all = Array.from({ length: 1_025 }, (_, i) => tickets(script.message('a', announce({ id: BigInt(i) })))[0]!)
    expect(script.answer({ type: 'verdict', ticket: all[0]!, subscriber: 0, valid: true })).toEqual([])
    expect(events(script.answer({ type: 'verdict', ticket: all[1]!, subscriber: 0, valid: true }))).toHaveLength(1)
  })

  it('is bounded in bytes', () => {
    const script = setUp()
    const data = new Uint8Array(65_519)
    const all = Array.from(
      { length: 300 },
      (_, i) => tickets(script.message('a', announce({ id: BigInt(i), data })))[0]!
    )
    const kept = all.filter(
      (ticket) => script.answer({ type: 'verdict', ticket, subscriber: 0, valid: true }).length > 0
    )
    expect(kept).toEqual(all.slice(-256))
  })
})

describe('an announce of our own', () => {
  const own = (script: GossipScript, party = 'app', ttl = 0): GossipEffect[] =>
    script.command({ type: 'announce', party, dataType: 7, data: Uint8Array.of(5), ttl })

  it('goes to degree peers at once, with a fresh id, and says so', () => {
    const script = setUp()
    const [first, second] = [own(script), own(script)]
    expect(sent(first)).toHaveLength(3)
    expect(events(first)).toMatchObject([{ type: 'announced', sentTo: 3, queued: false }])
    const ids = [first, second].map((effects) => (sent(effects)[0]![1] as Announce).id)
    expect(ids[0]).not.toBe(ids[1])
    expect(events(first)).toMatchObject([{ id: ids[0] }])
  })

  it('is shown to the other parties here, who cannot hold it back', () => {
    const script = setUp({}, 2)
    const effects = own(script, 'party 0')
    expect(only('ask', effects).map(({ ask }) => ask)).toMatchObject([{ type: 'validate', subscriber: 1 }])
    const [ticket] = tickets(effects)
    expect(script.answer({ type: 'verdict', ticket: ticket!, subscriber: 1, valid: false })).toEqual([])
  })

  it('waits for their verdicts no longer than for others', () => {
    const script = setUp({ verdictTimeout: 10_000 }, 2)
    const [ticket] = tickets(own(script, 'party 0'))
    expect(script.advance(10_000)).toEqual([{ type: 'cancel', key: `verdict ${ticket} 1` }])
    const [other] = tickets(own(script, 'party 0'))
    expect(script.answer({ type: 'verdict', ticket: other!, subscriber: 1, valid: true })).toEqual([])
  })

  it('comes back to nobody', () => {
    const script = setUp()
    const [[, message] = []] = sent(own(script))
    expect(script.message('a', message!)).toEqual([])
  })

  it('keeps ttl 1 for the neighbours', () => {
    expect(sent(own(setUp(), 'app', 1)).map(([, message]) => (message as Announce).ttl)).toEqual([1, 1, 1])
  })

  it('waits for the first verified peer when there is none, in order, and goes out once', () => {
    const script = new GossipScript()
    const first = own(script)
    expect(events(first)).toMatchObject([{ sentTo: 0, queued: true }])
    own(script)
    const onward = sent(script.push('a')).filter(([, { type }]) => type === 'announce')
    expect(onward.map(([to]) => to)).toEqual([peer('a'), peer('a')])
    expect((onward[0]![1] as Announce).id).toBe((events(first)[0] as { id: bigint }).id)
    expect(sent(script.push('b')).filter(([, { type }]) => type === 'announce')).toEqual([])
  })

  it('waits with a bounded number of others', () => {
    const script = new GossipScript()
    const ids = Array.from({ length: 70 }, () => (events(own(script))[0] as { id: bigint }).id)
    const onward = sent(script.push('a')).flatMap(([, message]) => (message.type === 'announce' ? [message.id] : []))
    expect(onward).toEqual(ids.slice(-64))
  })
})

it('passes on to fewer when there are fewer, and to nobody who left', () => {
  const script = setUp()
  ;['b', 'c', 'd'].forEach((name) => script.disconnected(name))
  expect(sent(receive(script, announce())).map(([to]) => to)).toEqual([peer('e')])
})

it('calms a storm: many live messages and few places to remember them (T6)', () => {
  // a ring of 3 nodes that would pass 200 messages of unlimited ttl around for ever
  const nodes = [0, 1, 2].map((self) => {
    const script = new GossipScript({ cacheSize: 50, degree: 2, minConnections: 2, relayUnknown: true }, self + 1)
    ;[0, 1, 2].filter((other) => other !== self).forEach((other) => script.push(other))
    return script
  })
  let forwards = 0
  let queue: [to: number, from: number, message: Announce][] = Array.from({ length: 200 }, (_, i) => [
    0,
    1,
    announce({ id: BigInt(i), dataType: 9 })
  ])

  for (let round = 0; round < 50 && queue.length > 0; round++) {
    queue = queue.flatMap(([to, from, message]) =>
      sent(nodes[to]!.message(from, message)).map(([onward, next]) => {
        forwards++
        return [Number(onward.slice('peer-'.length)), to, next as Announce] as [number, number, Announce]
      })
    )
  }

  expect(queue).toEqual([])
  expect(forwards).toBeLessThanOrEqual(nodes.length * 2 * 200)
})

it('never closes a peer for what it announces', () => {
  const script = setUp()
  expect(closes(receive(script, announce(), false))).toEqual([])
  expect(gossipDefaults.verdictTimeout).toBe(10_000)
})
