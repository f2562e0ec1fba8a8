import { InvalidParametersError } from '@hearsay/protocol-core/pure'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printable, valueText } from '../src/cli/text.ts'
import { jsonOf, valueOf } from '../src/control/values.ts'
import { createLog, inOneEntry } from '../src/log.ts'

describe('a value of shout as JSON', () => {
  it.each([
    [new Uint8Array([0, 1, 255]), { $bytes: 'AAH/' }],
    [BigInt(2) ** BigInt(63), { $integer: '9223372036854775808' }],
    [-Infinity, { $number: '-Infinity' }],
    [NaN, { $number: 'NaN' }],
    [{ a: [null, true, 'x', { b: 1.5 }] }, { a: [null, true, 'x', { b: 1.5 }] }]
  ])('is told and read, example %#', (value, json) => {
    expect(jsonOf(value)).toEqual(json)
    expect(valueOf(json)).toEqual(value)
  })

  it('comes back as it was, whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const special = JSON.stringify(json).includes('"$')
        const outcome = special ? json : JSON.parse(JSON.stringify(jsonOf(valueOf(json))))
        expect(outcome).toEqual(JSON.parse(JSON.stringify(json)))
      })
    )
  })

  it('may have a member of any name', () => {
    const json: unknown = JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}')
    const value = valueOf(json)
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor'])
    expect(JSON.stringify(jsonOf(value))).toBe('{"__proto__":{"a":1},"constructor":2}')
    expect(({} as Record<string, unknown>)['a']).toBeUndefined()
  })

  it.each([
    ['nothing', undefined],
    ['bytes that are no base64', { $bytes: '?' }],
    ['an integer that is none', { $integer: '1.5' }],
    ['a number of another name', { $number: 'toString' }],
    ['bytes that are no text', { $bytes: [1] }],
    ['too deep', JSON.parse('['.repeat(40) + ']'.repeat(40))]
  ])('is refused: %s', (_name, json) => {
    expect(() => valueOf(json)).toThrow(InvalidParametersError)
  })
})

describe('what strangers say', () => {
  const evil = 'a\u001b]0;title\u0007b\u202ec\r\nd\u2028e\u009bf'

  it('moves no cursor and begins no line of a terminal', () => {
    expect(printable(evil)).toBe('a�]0;title�b�c��d�e�f')
    expect(valueText({ text: '\u001b[2J' })).toBe('{"text":"\\u001b[2J"}')
    expect(valueText(evil)).toBe(printable(evil))
  })

  it('begins no line of the log', () => {
    expect(inOneEntry('a peer\n2026-01-01T00:00:00.000Z info all is well\u001b[2J')).toBe(
      'a peer\n    2026-01-01T00:00:00.000Z info all is well�[2J'
    )
  })

  it.each(['text', 'json'] as const)('is one entry of the log as %s', (format) => {
    const lines: string[] = []
    const { write } = process.stderr
    process.stderr.write = (chunk: string | Uint8Array): boolean => lines.push(String(chunk)) > 0

    try {
      createLog(format).warn('it said: x\n2026-01-01T00:00:00.000Z error stolen')
    } finally {
      process.stderr.write = write
    }

    const [first, ...others] = lines.join('').trimEnd().split('\n')
    expect(first).toContain('it said: x')
    expect(others.every((line) => line.startsWith('    '))).toBe(true)
  })
})
