import { describe, expect, it } from 'vitest'
import { asks, closes, Cup2pyScript, emits, hashOf, me, peer, recordOf, SECOND, sends, sentTo } from './script.ts'

const news = recordOf('author', 30)

describe('an UPDATE', () => {
  it('is kept, told, and passed on with one hop less to the users of the book', () => {
    const script = new Cup2pyScript().friends('a', 'b', 'c')
    const effects = script.update('a', news, 3)
    expect(asks(effects)).toEqual([{ type: 'store', record: news, reachedAt: 0, evicted: [] }])
    expect(emits(effects)).toEqual([{ type: 'record', record: news }])
    expect(sentTo(effects)).toEqual([peer('b'), peer('c')])
    expect(sends(effects)[0]![1]).toMatchObject({ type: 'update', record: news, depth: 2 })
  })

  it('names in its list whom it was sent to: us, and those we send it to', () => {
    const script = new Cup2pyScript().friends('a', 'b', 'c')
    const [, message] = sends(script.update('a', news, 3, [hashOf('x')]))[0]!
    expect(message.checked.slice(0, 2)).toEqual([hashOf('x'), me.hash])
    expect(message.checked.slice(2).toSorted()).toEqual([hashOf('b'), hashOf('c')].toSorted())
  })

  it('names us alone with checkedList path', () => {
    const script = new Cup2pyScript({ checkedList: 'path' }).friends('a', 'b', 'c')
    expect(sends(script.update('a', news, 3, [hashOf('x')]))[0]![1].checked).toEqual([hashOf('x'), me.hash])
  })

  it('is not sent to those in its list, its author, or whom it came from', () => {
    const script = new Cup2pyScript().friends('a', 'b', 'c', 'author')
    expect(sentTo(script.update('a', recordOf('author', 10), 3, [hashOf('b')]))).toEqual([peer('c')])
  })

  it('ends with depth 0', () => {
    const script = new Cup2pyScript().friends('a', 'b')
    const effects = script.update('a', news, 0)
    expect(asks(effects)).toHaveLength(1)
    expect(sends(effects)).toEqual([])
  })

  it('goes to at most fanout peers', () => {
    const names = Array.from({ length: 20 }, (_, i) => i)
    const script = new Cup2pyScript({ fanout: 5 }).friends('a', ...names)
    expect(sentTo(script.update('a', news))).toHaveLength(5)
  })

  it('keeps its list within 900 entries and a frame, dropping the oldest', () => {
    const names = Array.from({ length: 60 }, (_, i) => i)
    const script = new Cup2pyScript().friends('a', ...names)
    const full = Array.from({ length: 900 }, (_, i) => hashOf(`listed ${i}`))
    const [, { checked }] = sends(script.update('a', news, 3, full))[0]!
    expect(checked).toHaveLength(900)
    expect(checked[0]).toBe(full[61])
    expect(checked).toContain(me.hash)
  })

  it('is dropped without a look at its signature when it is older than what is held', () => {
    const script = new Cup2pyScript().friends('a', 'b')
    script.update('a', news)
    expect(script.message('b', { type: 'update', record: recordOf('author', 31), depth: 3, checked: [] })).toEqual([])
  })

  it('of our own is left alone', () => {
    const script = new Cup2pyScript().friends('a', 'b')
    expect(script.message('a', { type: 'update', record: recordOf('me', 1), depth: 3, checked: [] })).toEqual([])
  })

  it('replaces an older one', () => {
    const script = new Cup2pyScript({ authorInterval: 0 }).friends('a', 'b')
    script.update('a', news)
    const newer = recordOf('author', 29)
    expect(asks(script.update('a', newer))).toMatchObject([{ type: 'store', record: newer }])
    expect(script.subject.users.size).toBe(3)
  })

  it('of an equal date is taken by all alike: that with the lowest hash', () => {
    const other = { ...news, address: '/sim/p2p/elsewhere' }
    const kept = [
      [news, other],
      [other, news]
    ].map((order) => {
      const script = new Cup2pyScript({ authorInterval: 0 }).friends('a')
      order.forEach((record) => script.update('a', record))
      return script.subject.users.get(news.hash)!.address
    })
    expect(kept[0]).toBe(kept[1])
  })

  it('is refused when its date is ahead of our clock by more than maxClockSkew (T18)', () => {
    const script = new Cup2pyScript({ maxClockSkew: 60_000 }).friends('a', 'b')
    script.wallOffset = -58 * SECOND
    expect(asks(script.update('a', recordOf('author', 1)))).toMatchObject([{ type: 'store' }])
    script.wallOffset = -70 * SECOND
    const effects = script.update('a', recordOf('other', 1))
    expect([effects, closes(effects)]).toEqual([[], []])
    expect(script.subject.stats.dropped.future).toBe(1)
  })

  it('is refused below the floor, though nothing is held (T9)', () => {
    const script = new Cup2pyScript().friends('a')
    const effects = script.verdicts(
      script.message('a', { type: 'update', record: news, depth: 3, checked: [] }),
      'valid',
      recordOf('author', 29).date
    )
    expect(effects).toEqual([])
    expect(script.subject.stats.dropped.floor).toBe(1)
  })

  it('that is forged costs its bearer the stream, and does not pass (T12)', () => {
    const script = new Cup2pyScript().friends('a', 'b')
    const effects = script.verdicts(
      script.message('a', { type: 'update', record: news, depth: 3, checked: [] }),
      'invalid'
    )
    expect(effects).toEqual([{ type: 'close', peer: peer('a'), reason: 'forged' }])
  })

  it('with a key we do not take is dropped, and its bearer kept', () => {
    const script = new Cup2pyScript().friends('a', 'b')
    expect(
      script.verdicts(script.message('a', { type: 'update', record: news, depth: 3, checked: [] }), 'unsupported')
    ).toEqual([])
    expect(script.subject.stats.dropped.unsupported).toBe(1)
  })
})

describe('a copy', () => {
  it('of the same depth and list is not passed on again', () => {
    const script = new Cup2pyScript().friends('a', 'b', 'c')
    script.update('a', news)
    expect(script.update('a', news)).toEqual([])
    expect(script.update('b', news)).toEqual([])
  })

  it.each([
    ['with depth 0', 0, []],
    ['with depth 1', 1, []],
    ['with all of us in its list', 3, ['b', 'c', 'd'].map(hashOf)],
    ['with depth 0 and all of us in its list', 0, ['b', 'c', 'd'].map(hashOf)]
  ])('sent ahead %s does not silence the true one (T11)', (_name, depth, checked) => {
    const script = new Cup2pyScript().friends('attacker', 'b', 'c', 'd')
    script.update('attacker', news, depth, [...checked, hashOf('attacker')])
    const effects = script.update('b', news, 3)
    expect(sentTo(effects)).toEqual(expect.arrayContaining([peer('c'), peer('d')]))
    expect(sends(effects).every(([, message]) => message.depth === 2)).toBe(true)
  })

  it('forged first does not silence the true one, 100 of 100 times (T11)', () => {
    let delivered = 0

    for (let i = 0; i < 100; i++) {
      const script = new Cup2pyScript().friends('attacker', 'b', 'c')
      const forged = { ...recordOf(`user ${i}`, 30), signature: btoa('forged') }
      script.verdicts(script.message('attacker', { type: 'update', record: forged, depth: 3, checked: [] }), 'invalid')
      delivered += sentTo(script.update('b', recordOf(`user ${i}`, 30))).includes(peer('c')) ? 1 : 0
    }

    expect(delivered).toBe(100)
  })

  it('reaches no more than fanout peers, however often and with whatever lists it comes', () => {
    const names = Array.from({ length: 100 }, (_, i) => i)
    const script = new Cup2pyScript({ fanout: 8, requestRate: 10_000 }).friends('attacker', ...names)
    const reached = new Set<string>()

    for (let i = 0; i < 200; i++) {
      const checked = names.slice(0, i % 90).map(hashOf)
      sentTo(script.update('attacker', news, 3, checked)).forEach((to) => reached.add(to))
    }

    expect(reached.size).toBe(8)
  })

  it('is passed on for a minute, no longer', () => {
    const script = new Cup2pyScript().friends('a', 'b', 'c')
    script.update('a', news, 0)
    script.advance(59 * SECOND)
    expect(sentTo(script.update('a', news, 3))).toEqual([peer('b'), peer('c')])
    const late = new Cup2pyScript().friends('a', 'b', 'c')
    late.update('a', news, 0)
    late.advance(61 * SECOND)
    expect(late.update('a', news, 3)).toEqual([])
  })
})

describe('a user that says something new too often', () => {
  it('is heard once in authorInterval, with the newest of a burst', () => {
    const script = new Cup2pyScript({ authorInterval: 5 * SECOND }).friends('a', 'b')
    expect(asks(script.update('a', recordOf('author', 30)))).toHaveLength(1)
    script.advance(SECOND)
    expect(script.update('a', recordOf('author', 28))).toEqual([])
    expect(script.update('a', recordOf('author', 26))).toEqual([])
    expect(script.update('a', recordOf('author', 27))).toEqual([])
    expect(script.advance(3.9 * SECOND)).toEqual([])
    const effects = script.advance(0.2 * SECOND)
    expect(asks(effects)).toMatchObject([{ type: 'store', record: recordOf('author', 26) }])
    expect(sentTo(effects)).toEqual([peer('b')])
    expect(script.advance(60 * SECOND).filter(({ type }) => type !== 'close')).toEqual([])
  })

  it('is not silenced by a forged burst: only what was verified waits', () => {
    const script = new Cup2pyScript().friends('a', 'attacker')
    script.update('a', recordOf('author', 30))
    script.update('a', recordOf('author', 28))
    script.verdicts(
      script.message('attacker', { type: 'update', record: recordOf('author', 1), depth: 3, checked: [] }),
      'invalid'
    )
    expect(asks(script.advance(6 * SECOND))).toMatchObject([{ type: 'store', record: recordOf('author', 28) }])
  })
})

describe('publishing', () => {
  it('sends our record to the users of the book, as it is', () => {
    const script = new Cup2pyScript().friends('a', 'b')
    const effects = script.command({ type: 'publish', record: me, depth: 3 })
    expect(emits(effects)).toEqual([{ type: 'published', users: 2 }])
    expect(sentTo(effects)).toEqual([peer('a'), peer('b')])
    expect(sends(effects)[0]![1]).toMatchObject({ type: 'update', record: me, depth: 3 })
  })
})
