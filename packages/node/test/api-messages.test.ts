import { DecodeError, fixedPrefix, framed, FrameSplitter, seededRandom } from '@hearsay/protocol-core/pure'
import { hostileFrames } from '@hearsay/protocol-core/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeApi, encodeApi } from '../src/api/messages.ts'
import type { ApiMessage } from '../src/api/messages.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text))

/** Without the leading size, which framing takes away */
const examples: [string, string, ApiMessage][] = [
  ['ANNOUNCE', '01f40300002a6869', { type: 'announce', ttl: 3, dataType: 42, data: bytes('hi') }],
  ['ANNOUNCE without data', '01f400000001', { type: 'announce', ttl: 0, dataType: 1, data: bytes('') }],
  ['NOTIFY', '01f500000539', { type: 'notify', dataType: 1_337 }],
  [
    'NOTIFICATION',
    '01f61234000768656c6c6f',
    { type: 'notification', messageId: 4_660, dataType: 7, data: bytes('hello') }
  ],
  ['VALIDATION of what is valid', '01f7ffff0001', { type: 'validation', messageId: 65_535, valid: true }],
  ['VALIDATION of what is not', '01f700010000', { type: 'validation', messageId: 1, valid: false }]
]

const u16 = fc.integer({ min: 0, max: 0xffff })
const data = fc.uint8Array({ maxLength: 300 })
const messages: fc.Arbitrary<ApiMessage> = fc.oneof(
  fc.record({ type: fc.constant('announce' as const), ttl: fc.integer({ min: 0, max: 0xff }), dataType: u16, data }),
  fc.record({ type: fc.constant('notify' as const), dataType: u16 }),
  fc.record({ type: fc.constant('notification' as const), messageId: u16, dataType: u16, data }),
  fc.record({ type: fc.constant('validation' as const), messageId: u16, valid: fc.boolean() })
)

/** Decoding either works or throws a DecodeError. @returns whether it worked */
function decodes(frame: Uint8Array): boolean {
  try {
    decodeApi(frame)
    return true
  } catch (err) {
    if (err instanceof DecodeError) {
      return false
    }

    throw err
  }
}

describe('messages 500–503', () => {
  it.each(examples)('%s is written as the specification has it', (_name, frame, message) => {
    expect(Buffer.from(encodeApi(message)).toString('hex')).toBe(frame)
  })

  it.each(examples)('%s is read as the specification has it', (_name, frame, message) => {
    expect(decodeApi(hex(frame))).toEqual(message)
  })

  it('come back as they were', () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(decodeApi(encodeApi(message))).toEqual(message)
      })
    )
  })

  it('come back as they were with as much data as fits', () => {
    const largest = new Uint8Array(65_527).fill(7)
    const message: ApiMessage = { type: 'announce', ttl: 255, dataType: 65_535, data: largest }
    expect(encodeApi(message).byteLength).toBe(65_533)
    expect(decodeApi(encodeApi(message))).toEqual(message)
  })

  it.each([
    ['the reserved byte of ANNOUNCE', '01f403ff002a6869', '01f40300002a6869'],
    ['the reserved bytes of NOTIFY', '01f5ffff0539', '01f500000539'],
    ['the reserved bits of a VALIDATION that says yes', '01f71234ffff', '01f712340001'],
    ['the reserved bits of a VALIDATION that says no', '01f71234fffe', '01f712340000']
  ])('mean the same whatever is in %s', (_name, set, clear) => {
    expect(decodeApi(hex(set))).toEqual(decodeApi(hex(clear)))
  })

  it.each([
    ['nothing', '', '2 bytes expected, 0 left'],
    ['half a type', '01', '2 bytes expected, 1 left'],
    ['a type below', '01f3', 'unknown message type 499'],
    ['a type above', '01f8', 'unknown message type 504'],
    ['ANNOUNCE without its data type', '01f40000', '2 bytes expected, 0 left'],
    ['NOTIFY that is short', '01f5000005', '2 bytes expected, 1 left'],
    ['NOTIFY that is long', '01f50000053900', '1 bytes too many'],
    ['NOTIFICATION that is short', '01f6000100', '2 bytes expected, 1 left'],
    ['VALIDATION that is short', '01f7000100', '2 bytes expected, 1 left'],
    ['VALIDATION that is long', '01f7000100010000', '2 bytes too many']
  ])('are not %s', (_name, frame, message) => {
    expect(() => decodeApi(hex(frame))).toThrow(new DecodeError(message))
  })

  it('are refused with a DecodeError, or understood, however cut or flipped', () => {
    const decoded = { cut: 0, flipped: 0 }

    for (const [, frame] of examples) {
      const whole = hex(frame)

      for (let end = 0; end < whole.byteLength; end++) {
        decoded.cut += decodes(whole.subarray(0, end)) ? 1 : 0
      }

      for (let bit = 0; bit < whole.byteLength * 8; bit++) {
        const flipped = Uint8Array.from(whole)
        flipped[bit >> 3]! ^= 1 << (bit & 7)
        decoded.flipped += decodes(flipped) ? 1 : 0
      }
    }

    // cut: only the data of ANNOUNCE and NOTIFICATION may be shorter, by 1 to 2 and 1 to 5 bytes
    expect(decoded.cut).toBe(2 + 5)
    expect(decoded.flipped).toBeGreaterThan(0)
  })
})

describe('hostile bytes', () => {
  const seed = Number(process.env['HOSTILE_SEED'] ?? Date.now())
  const count = Number(process.env['HOSTILE_FRAMES'] ?? 100_000)
  const prefix = fixedPrefix(2, { inclusive: true })
  const valid = fc.sample(messages, { numRuns: 200, seed: 1 }).map((message) => framed(prefix, encodeApi(message)))

  /** One stream of chunks until it is over. @returns how many messages were understood before */
  function read(chunks: Iterable<Uint8Array>): number {
    const splitter = new FrameSplitter(prefix, 65_533)
    let understood = 0

    try {
      for (const chunk of chunks) {
        splitter.push(chunk, (payload) => decodeApi(payload) !== undefined && ++understood > 0)
      }
    } catch (err) {
      if (!(err instanceof DecodeError)) {
        throw new Error(`HOSTILE_SEED=${seed} HOSTILE_FRAMES=${count}`, { cause: err })
      }
    }

    return understood
  }

  function timed<T>(run: () => T): [T, number] {
    const start = performance.now()
    const result = run()
    return [result, performance.now() - start]
  }

  it('of 100,000 damaged messages, or as many as HOSTILE_FRAMES says, are understood or refused at once', () => {
    let [understood, slowest] = [0, 0]

    for (const damaged of hostileFrames(valid, count, seededRandom(seed))) {
      const [now, ms] = timed(() => read([damaged]))
      understood += now
      // once more: whatever else runs on this machine may have taken the time
      slowest = Math.max(slowest, ms < 50 ? ms : Math.min(ms, timed(() => read([damaged]))[1]))
    }

    expect({ seed, slowest: slowest < 50 }).toEqual({ seed, slowest: true })
    // the damage must neither be harmless nor deadly, or nothing was tried
    expect({ seed, some: understood > count / 100, all: understood > 2 * count }).toEqual({
      seed,
      some: true,
      all: false
    })
  }, 60_000)

  it('in streams of damaged chunks are understood or refused', () => {
    const random = seededRandom(seed + 1)
    let understood = 0

    for (let stream = 0; stream < 2_000; stream++) {
      const chunks = [...hostileFrames(valid, 5, random)].flatMap((chunk) => {
        const cut = random.below(chunk.byteLength + 1)
        return [chunk.subarray(0, cut), chunk.subarray(cut)]
      })
      understood += read(chunks)
    }

    expect({ seed, some: understood > 100 }).toEqual({ seed, some: true })
  })
})
