import { DecodeError, FrameSplitter, InvalidParametersError, seededRandom } from '@hearsay/protocol-core/pure'
import { hostileFrames } from '@hearsay/protocol-core/testing'
import { builtIn, compress, Compression, decompress } from '@hearsay/protocol-shout'
import {
  compressSnappy,
  decodeMessages,
  decodeTransmission,
  decodeValue,
  decompressSnappy,
  encodeValue,
  headerBytes,
  isKey,
  MAX_FRAME_BYTES,
  packMessages,
  transmissionPrefix
} from '@hearsay/protocol-shout/codec'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { fakeKey, message, signed } from './script.ts'
import type { Value } from '@hearsay/protocol-shout'

// whatever else runs on this machine
vi.setConfig({ testTimeout: 60_000 })

const BITS = 2_048
const FRAMES = Number(process.env['HOSTILE_FRAMES'] ?? 100_000)
const MiB = 2 ** 20

/** The transmissions in these bytes, cut wherever `cuts` says */
function framesOf(bytes: Uint8Array, cut: number): Uint8Array[] {
  const splitter = new FrameSplitter(transmissionPrefix, MAX_FRAME_BYTES)
  const frames: Uint8Array[] = []

  for (let at = 0; at < bytes.byteLength; at += cut) {
    splitter.push(bytes.subarray(at, at + cut), (frame) => frames.push(frame.slice()) > 0)
  }

  return frames
}

/** What memory grew by, in MiB, at most. `gc` is there only when the process was told so, so this is generous */
async function growth(run: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss()
  await run()
  return (process.memoryUsage.rss() - before) / MiB
}

const anyValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.double().filter((n) => !Number.isInteger(n) || Number.isSafeInteger(n)),
    fc.maxSafeInteger(),
    fc.bigInt({ min: BigInt(Number.MAX_SAFE_INTEGER) + 1n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: -(2n ** 63n), max: BigInt(Number.MIN_SAFE_INTEGER) - 1n }),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 20, noNullPrototype: true })
  )
})).value

describe('values', () => {
  it('come out as they went in', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(decodeValue(encodeValue(value))).toEqual(value)
      })
    )
  })

  it.each([
    ['undefined', [undefined]],
    ['a function', { f: () => 1 }],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['an integer beyond 64 bits', 2n ** 64n],
    ['half a surrogate pair', '\ud800']
  ])('may not be %s', (_name, value) => {
    expect(() => encodeValue(value as Value)).toThrow(InvalidParametersError)
  })

  it('may not be endless', () => {
    const endless: unknown[] = []
    endless.push(endless)
    expect(() => encodeValue(endless as Value)).toThrow(/deeper/)
    expect(() => encodeValue(new Uint8Array(2 ** 18))).toThrow(/bytes/)
    expect(() => encodeValue(Array.from({ length: 65_536 }, () => 0))).toThrow(/elements/)
  })

  it.each([
    ['nothing', ''],
    ['bytes behind it', 'c0c0'],
    ['an extension', 'd40100'],
    ['a timestamp', 'd6ff00000000'],
    ['a reserved byte', 'c1'],
    ['a key that is a number', '810102'],
    ['a key twice', '82a161c0a161c0'],
    ['a string that is no UTF-8', 'a1ff'],
    ['a string cut short', 'a2c3'],
    ['a list of four billion', 'ddffffffff'],
    ['a map of four billion', 'dfffffffff'],
    ['a buffer of four billion', 'c6ffffffff00']
  ])('are refused with %s', (_name, hex) => {
    expect(() => decodeValue(Buffer.from(hex, 'hex'))).toThrow(DecodeError)
  })

  // T2: each of these stands for gigabytes where a decoder believes it
  it.each([
    ['nested arrays', Buffer.alloc(24_000, 0x91)],
    ['nested arrays of 65,535', Buffer.alloc(24_000, 'dcffff', 'hex')],
    ['arrays of many empty ones', Buffer.concat([Buffer.from('dd0001ffff', 'hex'), Buffer.alloc(131_071, 0x90)])],
    ['nested maps', Buffer.alloc(24_000, '81a161', 'hex')],
    ['lists that share one budget', Buffer.alloc(240_000, 'dc7000', 'hex')]
  ])('are bombs in vain: %s', async (_name, bomb) => {
    const grown = await growth(async () => expect(() => decodeValue(bomb)).toThrow(DecodeError))
    const times = Array.from({ length: 10 }, () => {
      const start = performance.now()
      expect(() => decodeValue(bomb)).toThrow()
      return performance.now() - start
    })
    // the quickest: what else runs on this machine takes its time too
    expect(Math.min(...times)).toBeLessThan(5)
    expect(grown).toBeLessThan(8)
  })
})

describe('transmissions', () => {
  const messages = [1, 2, 3].map((value) => signed({ value }))

  it.each([1, 7, 1_000, MiB])('arrive in pieces of %i bytes', (cut) => {
    const frames = framesOf(packMessages(messages), cut)
    expect(frames).toHaveLength(1)
    const { compression, body } = decodeTransmission(frames[0]!)
    expect([compression, decodeMessages(body, BITS).map(({ bytes }) => bytes)]).toEqual([0, messages])
  })

  it('are as many as their length needs', () => {
    const large = Array.from({ length: 9 }, () => signed({ value: new Uint8Array(200_000) }))
    const frames = framesOf(packMessages(large), MiB)
    expect(frames.map((frame) => decodeMessages(decodeTransmission(frame).body, BITS).length)).toEqual([5, 4])
  })

  it('hold nothing but whole messages', () => {
    const [bytes] = messages
    expect(() => decodeMessages(new Uint8Array(0), BITS)).toThrow(DecodeError)
    expect(() => decodeMessages(bytes!.subarray(0, -1), BITS)).toThrow(DecodeError)
    expect(() => decodeMessages(Uint8Array.of(...bytes!, 0), BITS)).toThrow(DecodeError)
    expect(() => decodeMessages(signed({ value: new Uint8Array(2 ** 18 - 100) }), BITS)).toThrow(DecodeError)
  })

  it('hold keys in their one encoding only', () => {
    expect(isKey(fakeKey('a'), BITS)).toBe(true)

    for (const at of [0, 1, 4, 32, 33, 288, 289, 293]) {
      const other = fakeKey('a')
      other[at]! ^= at === 33 ? 0x80 : 1
      expect(isKey(other, BITS)).toBe(false)
    }
  })

  // T1, of each codec
  it('survive hostile frames, 100,000 or as many as HOSTILE_FRAMES says', { timeout: 120_000 }, () => {
    const values: Value[] = [null, 'text', new Uint8Array(40), [1, [2]], { app: 'x', data: { y: 2n ** 60n } }, 1.5]
    const valid = [
      ...values.map((value) => packMessages([signed({ value })]).subarray(1)),
      packMessages(messages).subarray(1)
    ]
    const short = [...values.map(encodeValue), compressSnappy(new Uint8Array(500)), compressSnappy(messages[0]!)]
    let slowest = 0

    for (const frame of [
      ...hostileFrames(valid, FRAMES, seededRandom(1)),
      ...hostileFrames(short, FRAMES, seededRandom(2))
    ]) {
      const start = performance.now()

      for (const decode of [
        () => decodeMessages(decodeTransmission(frame).body, BITS).map(({ payload }) => decodeValue(payload)),
        () => decodeValue(frame),
        () => decompressSnappy(frame, 4 * MiB)
      ]) {
        try {
          decode()
        } catch (err) {
          // not by `expect`, which takes longer than decoding
          if (!(err instanceof DecodeError)) {
            throw err
          }
        }
      }

      slowest = Math.max(slowest, performance.now() - start)
    }

    expect(slowest).toBeLessThan(500)
  })
})

describe('compression', () => {
  const text = new TextEncoder().encode('to whom it may concern, '.repeat(200))
  const methods = [...builtIn].map(([code, method]) => [code, method] as const)

  it.each(methods)('%i gives back what it took', async (_code, method) => {
    const body = await compress(method, text)
    expect(body!.byteLength).toBeLessThan(text.byteLength / 2)
    expect(await decompress(method, body!)).toEqual(text)
  })

  it('of Snappy gives back anything', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.uint8Array(), fc.constant(text), fc.constant(new Uint8Array(70)))), (parts) => {
        const bytes = Uint8Array.from(Buffer.concat(parts))
        expect(Uint8Array.from(decompressSnappy(compressSnappy(bytes), bytes.byteLength))).toEqual(bytes)
      })
    )
  })

  it.each(methods)('%i is refused when cut short or followed by anything', async (_code, method) => {
    const body = (await compress(method, text))!
    await expect(decompress(method, body.subarray(0, -3))).rejects.toThrow(DecodeError)
    await expect(decompress(method, Uint8Array.of(...body, 1, 2, 3))).rejects.toThrow(DecodeError)
    await expect(decompress(method, new Uint8Array(40).fill(0x55))).rejects.toThrow(DecodeError)
  })

  it('is left away where it does not help, or would break the limits', async () => {
    const method = builtIn.get(Compression.zlib)!
    expect(await compress(method, crypto.getRandomValues(new Uint8Array(1_000)))).toBeUndefined()
    expect(await compress(method, new Uint8Array(MiB))).toBeUndefined()
    expect(await compress(method, new Uint8Array(200 * 1_024))).toBeDefined()
  })

  it('of an unknown method is refused', async () => {
    await expect(decompress(undefined, text)).rejects.toThrow(DecodeError)
  })

  // T3
  it.each(methods)('%i is no bomb', { timeout: 30_000 }, async (_code, method) => {
    const zeros = new Uint8Array(32 * MiB)
    const bomb = await method.compress!(zeros)
    const cut = bomb.subarray(0, Math.min(bomb.byteLength, MiB))
    // warm: what is loaded at the first use is no growth
    await decompress(method, cut).catch(() => {})
    const grown = await growth(async () => expect(decompress(method, cut)).rejects.toThrow(DecodeError))
    expect(grown).toBeLessThan(8)
  })
})

it('measures its header as the document ought to', () => {
  expect([2_048, 3_072, 4_096].map(headerBytes)).toEqual([850, 1_234, 1_618])
  expect(message({ value: 'x' }).byteLength).toBe(850 + 2)
})
