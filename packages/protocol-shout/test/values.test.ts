import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Opcode } from '@hearsay/protocol-shout/engine'
import { addressOf, bytesOfKey } from '@hearsay/protocol-shout/codec'
import { events, fakeKey, sent, ShoutScript, signed } from './script.ts'
import type { Value } from '@hearsay/protocol-shout/codec'

// whatever else runs on this machine
vi.setConfig({ testTimeout: 60_000 })

let script: ShoutScript
beforeEach(() => {
  script = new ShoutScript()
  ;['owner', 'writer', 'stranger'].forEach((name) => script.bind(name))
})

/** What `who` is answered: the opcode, and what follows */
function ask(who: string, opcode: number, value: Value): [number, Value[]] {
  const [answer] = sent(script.says(who, signed({ opcode, from: who, to: 'self', value })))
  return [answer!.opcode, answer!.value as Value[]]
}

function store(who: string, value: Value, said: Record<string, Value> = {}, key = 'key'): string {
  const [opcode, answer] = ask(who, Opcode.STORE, [addressOf(bytesOfKey(key), 256), key, value, said])
  return opcode === Opcode.ACK
    ? 'kept'
    : JSON.stringify(answer.slice(1))
        .replace(/[[\]"]/g, '')
        .replace(',', ' ')
}

function find(key = 'key', ...owner: Value[]): { value: Value; version: Value; owner: Value } | undefined {
  const [, [opcode, , value, metadata]] = ask('stranger', Opcode.FIND_VALUE, [
    addressOf(bytesOfKey(key), 256),
    key,
    ...owner
  ])
  const { version, owner: of } = (metadata ?? {}) as Record<string, Value>
  return opcode === Opcode.FIND_VALUE ? { value: value!, version: version!, owner: of! } : undefined
}

const wall = (): number => 1_700_000_000_000 + script.now

describe('a value in the table', () => {
  it('is found under its key, the newest of all owners or that of one', () => {
    store('owner', 'first', { version: 1 })
    store('writer', 'second', { version: 2 })
    expect(find()).toMatchObject({ value: 'second', version: 2, owner: fakeKey('writer') })
    expect(find('key', fakeKey('owner'))).toMatchObject({ value: 'first', version: 1 })
    expect(find('another')).toBeUndefined()
  })

  it('comes with the STORE that its owner signed', () => {
    const bytes = signed({
      opcode: Opcode.STORE,
      from: 'owner',
      to: 'self',
      value: [addressOf(bytesOfKey('key'), 256), 'key', 1]
    })
    const [answer] = sent(script.says('owner', bytes))
    const [, , , metadata] = answer!.value as [Value, Value, Value, Record<string, Value>]
    expect(metadata).toMatchObject({
      owner: fakeKey('owner'),
      store: bytes,
      signature: bytes.slice(0, 256),
      version: 1
    })
    expect(Object.keys(metadata)).toEqual(['owner', 'signature', 'time', 'ttl', 'version', 'store'])
  })

  it('changes to higher versions only', () => {
    expect(['b', 'a', 'c'].map((value, i) => store('owner', value, { version: [5, 5, 6][i]! }))).toEqual([
      'kept',
      'version 5',
      'kept'
    ])
    expect(find()).toMatchObject({ value: 'c', version: 6 })
    expect(store('owner', 'in the form of the document')).toBe('kept')
    expect(find()).toMatchObject({ version: 7 })
  })

  it('is gone when its time is over', () => {
    store('owner', 1, { ttl: 60 })
    script.advance(59_000)
    expect(find()).toBeDefined()
    script.advance(2_000)
    expect(find()).toBeUndefined()
  })

  it('is refused when it is too large, from the future, or one too many', () => {
    expect(store('owner', new Uint8Array(65_600))).toBe('too large 0')
    expect(store('owner', 1, { time: wall() + 61_000 })).toBe('time 0')
    script = new ShoutScript({ maxValues: 3, maxValuesPerOwner: 2 })
    ;['owner', 'writer'].forEach((name) => script.bind(name))
    const at = (who: string, key: string): string => store(who, 1, { ttl: 60 }, key)
    expect([at('owner', 'a'), at('owner', 'b'), at('owner', 'c')]).toEqual(['kept', 'kept', 'full 0'])
    expect([at('writer', 'a'), at('writer', 'b')]).toEqual(['kept', 'full 0'])
    script.advance(61_000)
    expect(at('writer', 'b')).toBe('kept')
  })
})

it('lists the largest value there may be', () => {
  expect(store('owner', new Uint8Array(65_500))).toBe('kept')
  const [, [, , values, about]] = ask('stranger', Opcode.FIND_VALUE, [addressOf(bytesOfKey('key'), 256), 'key', true])
  expect([(values as Value[]).length, about]).toEqual([1, { count: 1 }])
})

describe('all values together', () => {
  it('are at most 64 MiB, also when they change', () => {
    script = new ShoutScript({ maxValuesPerOwner: 10_000 })
    script.bind('owner')
    const large = new Uint8Array(60_000)
    // with the STORE that says it, each takes up 120 kB
    const kept = (version: number, value: Value): number =>
      Array.from({ length: 700 }, (_, i) => store('owner', value, { version }, String(i))).filter((e) => e === 'kept')
        .length
    expect(kept(1, 'small')).toBe(700)
    const changed = kept(2, large)
    expect(changed).toBeLessThanOrEqual(2 ** 26 / 120_000)
    expect(changed).toBeGreaterThan(540)
    expect(store('owner', 'small', { version: 2 }, '699')).toBe('kept')
    expect(store('owner', large, { version: 3 }, '699')).toBe('full 2')
  })

  it('are counted once, also when one takes the place of one whose time is over', () => {
    script = new ShoutScript({ maxValues: 2, maxValuesPerOwner: 2 })
    script.bind('owner')

    for (let i = 0; i < 10; i++) {
      expect(store('owner', i, { ttl: 60 })).toBe('kept')
      script.advance(61_000)
    }

    expect(['a', 'b', 'c'].map((key) => store('owner', 1, {}, key))).toEqual(['kept', 'kept', 'full 0'])
    expect(store('owner', 2, {}, 'a')).toBe('kept')
  })

  it('count what opens them, too', () => {
    script = new ShoutScript({ maxValuesPerOwner: 10_000 })
    script.bind('owner')
    const writers = Array.from({ length: 200 }, (_, i) => fakeKey(i))
    const opened = Array.from({ length: 400 }, (_, i) => store('owner', { $op: 'open', writers }, {}, String(i)))
    expect(opened.filter((each) => each === 'kept').length).toBeLessThan(300)
  })
})

describe('operations', () => {
  const owned = { owner: fakeKey('owner') }
  const set = (expected: number, value: Value): Value => ({ $op: 'set', expect: expected, value, ...owned })

  beforeEach(() => {
    store('owner', 'one', { version: 1 })
  })

  it('of others need an open key', () => {
    expect(store('writer', set(1, 'two'))).toBe('not open 1')
    expect(store('writer', { $op: 'open', writers: [fakeKey('writer')], ...owned })).toBe('not open 1')
    expect(store('owner', { $op: 'open', writers: [fakeKey('writer')] })).toBe('kept')
    expect(store('writer', set(2, 'two'))).toBe('kept')
    expect(find()).toMatchObject({ value: 'two', version: 3, owner: fakeKey('owner') })
    expect(store('stranger', set(3, 'three'))).toBe('not open 3')
    expect(store('owner', { $op: 'open', writers: [1] })).toBe('malformed 3')
  })

  it('of a writer that names no owner are about the key that is open to it', () => {
    store('owner', { $op: 'open', writers: [fakeKey('writer')] })
    expect(store('writer', { $op: 'set', expect: 2, value: 'two' })).toBe('kept')
    expect(find()).toMatchObject({ value: 'two', owner: fakeKey('owner') })
  })

  it('set a value if nobody was faster', () => {
    expect(store('owner', set(0, 'late'))).toBe('version 1')
    expect(store('owner', set(1, 'two'))).toBe('kept')
    expect(store('owner', set(1, 'again'))).toBe('version 2')
    expect(find()).toMatchObject({ value: 'two', version: 2 })
    expect(store('owner', { $op: 'set', value: 1 })).toBe('malformed 2')
    expect(store('owner', { $op: 'dance' })).toBe('malformed 2')
  })

  it('lock a value against others until then', () => {
    store('owner', { $op: 'open', writers: [fakeKey('writer')] })
    expect(store('writer', { $op: 'lock', until: wall() + 60_000, ...owned })).toBe('kept')
    expect(store('owner', set(2, 'mine'))).toBe('locked 2')
    expect(store('owner', 'mine', { version: 9 })).toBe('locked 2')
    expect(store('writer', set(2, 'two'))).toBe('kept')
    script.advance(61_000)
    expect(store('owner', set(3, 'three'))).toBe('kept')
  })

  it('unlock by who locked it, and by the owner', () => {
    store('owner', { $op: 'open', writers: [fakeKey('writer'), fakeKey('stranger')] })
    const lock = { $op: 'lock', until: wall() + 60_000, ...owned }
    const unlock = { $op: 'unlock', ...owned }
    store('writer', lock)
    expect(store('stranger', unlock)).toBe('locked 2')
    expect([store('writer', unlock), store('stranger', set(2, 'x'))]).toEqual(['kept', 'kept'])
    store('writer', lock)
    expect([store('owner', unlock), store('stranger', set(3, 'y'))]).toEqual(['kept', 'kept'])
  })

  it('lock for an hour at most', () => {
    store('owner', { $op: 'open', writers: [fakeKey('writer')] })
    store('writer', { $op: 'lock', until: wall() + 10 ** 10, ...owned })
    script.advance(3_599_000)
    expect(store('owner', set(2, 'x'))).toBe('locked 2')
    script.advance(2_000)
    expect(store('owner', set(2, 'x'))).toBe('kept')
  })

  it.each<[Value, Value[], Value]>([
    ['über', [[0, 2, 'U']], 'Uber'],
    [
      'hello',
      [
        [5, 0, ' world'],
        [0, 1, 'J']
      ],
      'Jello world'
    ],
    [Uint8Array.of(1, 2, 3), [[1, 1, Uint8Array.of(9, 9)]], Uint8Array.of(1, 9, 9, 3)]
  ])('patch %j', (before, diff, after) => {
    store('owner', before, { version: 5 })
    expect(store('owner', { $op: 'patch', expect: 4, diff })).toBe('version 5')
    expect(store('owner', { $op: 'patch', expect: 5, diff })).toBe('kept')
    expect(find()).toMatchObject({ value: after, version: 6 })
  })

  it.each<[string, Value, Value]>([
    ['outside', 'abc', [[3, 1, 'x']]],
    ['half a character', 'ü', [[1, 1, '']]],
    ['text into bytes', Uint8Array.of(1), [[0, 0, 'x']]],
    ['a number', 5, [[0, 0, 'x']]],
    ['too long', new Uint8Array(65_000), [[0, 0, new Uint8Array(600)]]],
    ['no pieces', 'abc', ['x']]
  ])('do not patch %s', (_name, before, diff) => {
    store('owner', before, { version: 5 })
    expect(store('owner', { $op: 'patch', expect: 5, diff })).toBe('not patchable 5')
  })
})

describe('a node that tells values', () => {
  const told = (value: Value, metadata: Value): unknown => {
    script.call({ type: 'findValue', key: 'key', owner: undefined })
    const answers = ['owner', 'writer', 'stranger'].flatMap((who) =>
      script.says(
        who,
        signed({
          opcode: Opcode.ACK,
          from: who,
          to: 'self',
          value: who === 'writer' ? [10, 'key', value, metadata] : [9]
        })
      )
    )
    const [result] = events(answers, 'result')
    return result?.result.type === 'values' ? result.result.values.map((each) => each.value) : result
  }
  const stored = (from: string, value: Value, said: Value = { version: 3 }): Uint8Array =>
    signed({ opcode: Opcode.STORE, from, to: 'x', value: [addressOf(bytesOfKey('key'), 256), 'key', value, said] })
  const about = (owner: string, storeBytes: Uint8Array, version = 3): Value => ({
    owner: fakeKey(owner),
    signature: storeBytes.slice(0, 256),
    time: 1,
    ttl: 60,
    version,
    store: storeBytes
  })

  it('is believed when the owner signed it', () => {
    expect(told('true', about('owner', stored('owner', 'true')))).toEqual(['true'])
  })

  // T12
  it.each<[string, () => [Value, Value]]>([
    ['another value', () => ['false', about('owner', stored('owner', 'true'))]],
    ['another owner', () => ['true', about('owner', stored('writer', 'true'))]],
    ['another version', () => ['true', about('owner', stored('owner', 'true'), 4)]],
    [
      'a forged signature',
      () => {
        const bytes = stored('owner', 'true')
        bytes[9]! ^= 1
        return ['true', about('owner', bytes)]
      }
    ],
    ['nothing signed', () => ['true', { owner: fakeKey('owner'), version: 3, time: 1, ttl: 1 }]],
    [
      'a write by somebody the owner never let',
      () => {
        const op = { $op: 'set', expect: 2, value: 'x', owner: fakeKey('owner') }
        return ['x', about('owner', stored('stranger', op))]
      }
    ]
  ])('is not, with %s', (_name, make) => {
    expect(told(...make())).toEqual([])
  })

  it('is believed about a write by whom the owner let', () => {
    const open = stored('owner', { $op: 'open', writers: [fakeKey('stranger')] })
    const op = { $op: 'set', expect: 2, value: 'x', owner: fakeKey('owner') }
    const metadata = { ...(about('owner', stored('stranger', op)) as Record<string, Value>), open }
    expect(told('x', metadata)).toEqual(['x'])
  })
})
