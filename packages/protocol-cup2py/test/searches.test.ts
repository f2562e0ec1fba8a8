import { describe, expect, it } from 'vitest'
import { asks, Cup2pyScript, emits, hashOf, me, peer, recordOf, SECOND, sends, sentTo, START } from './script.ts'
import type { Cup2pyEffect } from '@hearsay/protocol-cup2py/engine'

const target = hashOf('target')
const asker = recordOf('asker', 10)
const found = recordOf('target', 30)

/** The effects, with the record that the book holds */
function fetched(script: Cup2pyScript, effects: Cup2pyEffect[], record = found): Cup2pyEffect[] {
  return effects.flatMap((effect) =>
    effect.type === 'ask' && effect.ask.type === 'fetch'
      ? script.answer({ type: 'fetched', peer: effect.ask.peer, record })
      : [effect]
  )
}

const answer = { type: 'update', record: found, depth: 0, checked: [] } as const

describe('a SEARCH', () => {
  it('is passed on with one hop less, and whom it is sent to in its list', () => {
    const script = new Cup2pyScript().friends('a', 'b', 'c')
    const effects = script.search('a', target, asker, 7, [hashOf('x')])
    expect(sentTo(effects)).toEqual([peer('b'), peer('c')])
    const [, message] = sends(effects)[0]!
    expect(message).toMatchObject({ type: 'search', target, sender: asker, depth: 6 })
    expect(message.checked.toSorted()).toEqual([hashOf('x'), me.hash, hashOf('b'), hashOf('c')].toSorted())
  })

  it('is not sent to those in its list, nor to its sender', () => {
    const script = new Cup2pyScript().friends('a', 'b', 'c', 'asker')
    expect(sentTo(script.search('a', target, asker, 7, [hashOf('b')]))).toEqual([peer('c')])
  })

  it.each([0, 1])('with depth %i goes no further', (depth) => {
    const script = new Cup2pyScript().friends('a', 'b')
    expect(sends(script.search('a', target, asker, depth))).toEqual([])
  })

  it('with depth 0 is not even looked at', () => {
    const script = new Cup2pyScript().friends('a', 'b', 'target')
    expect(script.search('a', target, asker, 0)).toEqual([])
  })

  it('for a user we hold is answered on the stream it came by, and passed on', () => {
    const script = new Cup2pyScript().friends('a', 'b', 'target')
    const effects = fetched(script, script.search('a', target, asker, 3))
    expect(sends(effects)).toContainEqual([peer('a'), answer])
    expect(sentTo(effects)).toEqual([peer('a'), peer('b'), peer('target')])
  })

  it('with depth 1 is answered too', () => {
    const script = new Cup2pyScript().friends('a', 'target')
    expect(sends(fetched(script, script.search('a', target, asker, 1)))).toEqual([[peer('a'), answer]])
  })

  it('for ourselves is answered with our record, and goes no further', () => {
    const script = new Cup2pyScript().friends('a', 'b')
    expect(sends(script.search('a', me.hash, asker))).toEqual([
      [peer('a'), { type: 'update', record: me, depth: 0, checked: [] }]
    ])
  })

  it('that is forged costs its bearer the stream (T12)', () => {
    const script = new Cup2pyScript().friends('a', 'b')
    const effects = script.message('a', { type: 'search', target, sender: asker, depth: 7, checked: [] })
    expect(script.verdicts(effects, 'invalid')).toEqual([{ type: 'close', peer: peer('a'), reason: 'forged' }])
  })

  it('never makes us dial or send to the address in it (T8)', () => {
    const script = new Cup2pyScript().friends('a', 'target')
    const victim = { ...asker, address: '/ip4/192.0.2.66/tcp/80/p2p/victim' }
    const effects = fetched(script, script.search('a', target, victim))
    expect(JSON.stringify(effects.filter(({ type }) => type === 'dial'))).toBe('[]')
    expect(sentTo(effects)).toEqual([peer('a'), peer('target')])
  })
})

describe('a search seen before', () => {
  it('is checked once, and not passed on again with the same depth or less', () => {
    const script = new Cup2pyScript().friends('a', 'b', 'c')
    script.search('a', target, asker, 5)
    expect(script.search('b', target, asker, 5)).toEqual([])
    expect(script.search('c', target, asker, 3)).toEqual([])
    expect(asks(script.message('b', { type: 'search', target, sender: asker, depth: 4, checked: [] }))).toEqual([])
  })

  it('is passed on again with more depth, but not to those who asked with as much', () => {
    const script = new Cup2pyScript().friends('a', 'b', 'c', 'd')
    script.search('a', target, asker, 3)
    script.search('d', target, asker, 6)
    const again = new Cup2pyScript().friends('a', 'b', 'c', 'd')
    again.search('a', target, asker, 3)
    const effects = again.search('b', target, asker, 6)
    expect(sentTo(effects)).toEqual([peer('a'), peer('c'), peer('d')])
    expect(sends(effects)[0]![1].depth).toBe(5)
  })

  it('is another one when its sender signed anew, or after 10 s', () => {
    const script = new Cup2pyScript().friends('a', 'b')
    script.search('a', target, asker)
    expect(sentTo(script.search('a', target, recordOf('asker', 9)))).toEqual([peer('b')])
    script.advance(11 * SECOND)
    expect(sentTo(script.search('a', target, asker))).toEqual([peer('b')])
  })

  it('is checked again when anything of its sender differs', () => {
    const script = new Cup2pyScript().friends('a', 'b')
    script.search('a', target, asker)
    const forged = { ...asker, signature: btoa('forged') }
    const effects = script.message('b', { type: 'search', target, sender: forged, depth: 16, checked: [] })
    expect(asks(effects)).toMatchObject([{ type: 'verify', record: forged }])
  })
})

describe('an answer', () => {
  it('goes back to everybody who asked, also to those whose question went no further', () => {
    const script = new Cup2pyScript().friends('a', 'b', 'c')
    script.search('a', target, asker, 5)
    script.search('b', target, asker, 4)
    const effects = script.update('c', found, 0)
    expect(sends(effects)).toEqual([
      [peer('a'), answer],
      [peer('b'), answer]
    ])
    // and is learned
    expect(asks(effects)).toMatchObject([{ type: 'store', record: found }])
  })

  it('is passed back once, and again only when it is newer', () => {
    const script = new Cup2pyScript({ authorInterval: 0 }).friends('a', 'b', 'c')
    script.search('a', target, asker)
    script.update('b', found, 0)
    expect(sends(script.update('c', found, 0))).toEqual([])
    expect(sends(script.update('c', recordOf('target', 31), 0))).toEqual([])
    expect(sentTo(script.update('c', recordOf('target', 29), 0))).toEqual([peer('a')])
  })

  it('is passed back once, though two came before either was checked', () => {
    const script = new Cup2pyScript().friends('a', 'b', 'c')
    script.search('a', target, asker)
    const [first, second] = [script.message('b', answer), script.message('c', answer)]
    expect(sentTo(script.verdicts(first))).toEqual([peer('a')])
    expect(sentTo(script.verdicts(second))).toEqual([])
  })

  it('does not wait for authorInterval', () => {
    const script = new Cup2pyScript().friends('a', 'b')
    script.update('b', recordOf('target', 40), 0)
    script.search('a', target, asker)
    expect(sentTo(script.update('b', found, 0))).toEqual([peer('a')])
  })

  it('that is forged goes nowhere (T12)', () => {
    const script = new Cup2pyScript().friends('a', 'b')
    script.search('a', target, asker)
    const effects = script.verdicts(script.message('b', answer), 'invalid')
    expect(effects).toEqual([{ type: 'close', peer: peer('b'), reason: 'forged' }])
  })

  it('that comes after 10 s is only learned', () => {
    const script = new Cup2pyScript().friends('a', 'b')
    script.search('a', target, asker)
    script.advance(11 * SECOND)
    expect(sends(script.update('b', found, 0))).toEqual([])
  })
})

describe('a search of our own', () => {
  const command = {
    type: 'search',
    id: 1,
    target,
    sender: me,
    depth: 7,
    quietTime: 2 * SECOND,
    held: undefined
  } as const

  it('goes to the users of the book, tells each newer answer, and ends when none came for quietTime', () => {
    const script = new Cup2pyScript().friends('a', 'b')
    const effects = script.command(command)
    expect(sentTo(effects)).toEqual([peer('a'), peer('b')])
    expect(sends(effects)[0]![1]).toMatchObject({ type: 'search', target, sender: me, depth: 7 })
    script.advance(1.5 * SECOND)
    expect(emits(script.update('a', found, 0))).toContainEqual({ type: 'answer', id: 1, record: found })
    expect(emits(script.update('b', found, 0))).toEqual([])
    expect(emits(script.advance(1.9 * SECOND))).toEqual([])
    const cost = { messages: 2, peersAsked: 2, answers: 2 }
    expect(emits(script.advance(0.2 * SECOND))).toEqual([{ type: 'ended', id: 1, cost }])
  })

  it('is not over while somebody is still being dialled, unless there was an answer', () => {
    const script = new Cup2pyScript().friends('a')
    script.command({ type: 'learn', record: recordOf('far', 3_600), reachedAt: START })
    script.command(command)
    expect(emits(script.advance(9 * SECOND))).toEqual([])
    script.input({ type: 'dialled', dial: peer('far') })
    expect(emits(script.advance(2 * SECOND))).toMatchObject([{ type: 'ended' }])
    script.command({ type: 'learn', record: recordOf('farther', 3_600), reachedAt: START })
    script.command({ ...command, id: 2 })
    script.update('a', found, 0)
    expect(emits(script.advance(2 * SECOND))).toMatchObject([{ type: 'ended', id: 2 }])
  })

  it('costs what was sent, not what waits for a dial or was given up', () => {
    const script = new Cup2pyScript().friends('a')
    const users = ['far', 'dead', 'waiting']
    users.forEach((name) => script.command({ type: 'learn', record: recordOf(name, 3_600), reachedAt: START }))
    script.command(command)
    script.connected('far')
    script.input({ type: 'dialled', dial: peer('dead') })
    const cost = { messages: 2, peersAsked: 2, answers: 0 }
    expect(emits(script.command({ type: 'end', id: 1 }))).toEqual([{ type: 'ended', id: 1, cost }])
  })

  it('ends at once when told to', () => {
    const script = new Cup2pyScript().friends('a')
    script.command(command)
    expect(emits(script.command({ type: 'end', id: 1 }))).toMatchObject([{ type: 'ended', id: 1 }])
    expect(emits(script.advance(10 * SECOND))).toEqual([])
  })

  it('does not tell what was held, or is older', () => {
    const script = new Cup2pyScript().friends('a')
    script.command({ ...command, held: found })
    expect(emits(script.update('a', found, 0))).not.toContainEqual(expect.objectContaining({ type: 'answer' }))
    expect(emits(script.update('a', recordOf('target', 31), 0))).toEqual([])
  })

  it('that comes back to us is left alone', () => {
    const script = new Cup2pyScript().friends('a', 'b')
    script.command(command)
    expect(script.search('b', target, me, 5)).toEqual([])
  })
})
