import { readFileSync } from 'node:fs'
import { DecodeError, fixedPrefix, FrameSplitter, seededRandom } from '@hearsay/protocol-core/pure'
import { hostileFrames } from '@hearsay/protocol-core/testing'
import { decode, encode } from '@hearsay/protocol-gossip/codec'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { decodeMidterm, encodeMidterm } from '../src/codec-midterm.ts'
import { decodeP2p, encodeP2p } from '../src/codec-p2p.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const u16 = fc.integer({ min: 0, max: 0xffff })
const u8 = fc.integer({ min: 0, max: 0xff })
const data = fc.uint8Array({ maxLength: 300 })
const addresses = fc.array(
  fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.includes(',')),
  { minLength: 1, maxLength: 5 }
)

const announce = fc.record({ type: fc.constant('announce' as const), id: u64, ttl: u8, dataType: u16, data })
const shortAnnounce = announce.map((message) => ({ ...message, id: message.id & 0xffffn }))
const challenge = fc.record({ type: fc.constant('challenge' as const), challenge: u64 })
const proof = fc.record({ type: fc.constant('proof' as const), nonce: u64 })
const info = fc.record({ type: fc.constant('info' as const), port: u16 })
const offer = fc.record({ type: fc.constant('offer' as const), addresses })

interface Dialect {
  encode: (message: never) => Uint8Array
  decode: (frame: Uint8Array) => unknown
  messages: fc.Arbitrary<unknown>
}

const dialects: [string, Dialect][] = [
  [
    'gossip',
    {
      encode,
      decode,
      messages: fc.oneof(
        announce,
        challenge,
        proof,
        info,
        offer,
        fc.record({ type: fc.constant('discovery') }),
        fc.record({ type: fc.constant('verdict'), valid: fc.boolean() })
      )
    }
  ],
  [
    'gossip-p2p',
    {
      encode: encodeP2p,
      decode: decodeP2p,
      messages: fc.oneof(
        shortAnnounce,
        challenge,
        proof,
        fc.record({ type: fc.constant('verdict'), valid: fc.constant(true) })
      )
    }
  ],
  [
    'gossip-midterm',
    {
      encode: encodeMidterm,
      decode: decodeMidterm,
      messages: fc.oneof(
        announce,
        info,
        fc.record({ type: fc.constant('discovery'), challenge: u64 }),
        fc.record({ type: fc.constant('offer'), challenge: u64, nonce: u64, addresses })
      )
    }
  ]
]

/** Decoding either works or throws a DecodeError. @returns whether it worked */
function decodes(dialect: Dialect, frame: Uint8Array): boolean {
  try {
    dialect.decode(frame)
    return true
  } catch (err) {
    if (err instanceof DecodeError) {
      return false
    }
    throw err
  }
}

/** In ms */
function timeOf(run: () => unknown): number {
  const start = performance.now()
  run()
  return performance.now() - start
}

/** Whether it takes 50 ms however often it is tried: on a busy machine, anything may take long now and then */
function isSlow(run: () => unknown): boolean {
  return Array.from({ length: 30 }).every(() => timeOf(run) >= 50)
}

describe.each(dialects)('%s messages', (_name, dialect) => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(dialect.messages, (message) => {
        expect(dialect.decode(dialect.encode(message as never))).toEqual(message)
      })
    )
  })

  it('are refused with a DecodeError, or understood, however cut or flipped', () => {
    fc.assert(
      fc.property(dialect.messages, (message) => {
        const frame = dialect.encode(message as never)

        for (let end = 0; end < frame.byteLength; end++) {
          decodes(dialect, frame.subarray(0, end))
        }

        for (let bit = 0; bit < frame.byteLength * 8; bit++) {
          const flipped = new Uint8Array(frame)
          flipped[bit >> 3]! ^= 1 << (bit & 7)
          decodes(dialect, flipped)
        }
      }),
      { numRuns: 20 }
    )
  })

  it('survive hostile frames, 100,000 or as many as HOSTILE_FRAMES says (T1)', () => {
    const seed = Number(process.env['HOSTILE_SEED'] ?? Date.now())
    const random = seededRandom(seed)
    const valid = fc
      .sample(dialect.messages, { numRuns: 200, seed: 1 })
      .map((message) => dialect.encode(message as never))
    const slow: Uint8Array[] = []
    let understood = 0

    for (const frame of hostileFrames(valid, Number(process.env['HOSTILE_FRAMES'] ?? 100_000), random)) {
      const time = timeOf(() => (understood += decodes(dialect, frame) ? 1 : 0))

      if (time >= 50 && isSlow(() => decodes(dialect, frame))) {
        slow.push(frame)
        break
      }
    }

    expect({ seed, slow }).toEqual({ seed, slow: [] })
    // the damage must neither be harmless nor deadly, or nothing was tried
    expect(understood).toBeGreaterThan(100)
  }, 60_000)

  it('survive hostile streams: frames of damaged lengths in chunks of any size', () => {
    const random = seededRandom(7)
    const valid = fc.sample(dialect.messages, { numRuns: 50, seed: 2 }).map((message) => {
      const payload = dialect.encode(message as never)
      return Uint8Array.of((payload.byteLength + 2) >> 8, (payload.byteLength + 2) & 0xff, ...payload)
    })
    const escaped: unknown[] = []
    let lost = 0

    for (let stream = 0; stream < 2_000; stream++) {
      const splitter = new FrameSplitter(fixedPrefix(2, { inclusive: true }), 65_533)

      try {
        for (const chunk of hostileFrames(valid, 5, random)) {
          splitter.push(chunk, (payload) => dialect.decode(payload) !== undefined)
        }
      } catch (err) {
        escaped.push(...(err instanceof DecodeError ? [] : [err]))
        lost++
      }
    }

    expect(escaped).toEqual([])
    expect(lost).toBeGreaterThan(500)
  })
})

interface Vector {
  label: string
  hex: string
}
const vectors = JSON.parse(
  readFileSync(new URL('../../../interop/vectors/originals/gossip.json', import.meta.url), 'utf8')
) as Record<'g1_final' | 'g1_midterm', Vector[]>
const payloadOf = ({ hex }: Vector): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex').subarray(2))

describe('published frames', () => {
  it.each(vectors.g1_final.map((vector) => [vector.label, vector] as const))('G1: %s', (_label, vector) => {
    expect(Buffer.from(encode(decode(payloadOf(vector)))).toString('hex')).toBe(vector.hex.slice(4))
  })

  it.each(vectors.g1_midterm.map((vector) => [vector.label, vector] as const))('G1 midterm: %s', (_label, vector) => {
    expect(Buffer.from(encodeMidterm(decodeMidterm(payloadOf(vector)))).toString('hex')).toBe(vector.hex.slice(4))
  })

  it('of one dialect are not taken for another', () => {
    const discovery = vectors.g1_midterm.find(({ label }) => label.includes('DISCOVERY'))!
    expect(() => decode(payloadOf(discovery))).toThrow(DecodeError)
    expect(() => decodeMidterm(encode({ type: 'challenge', challenge: 1n }))).toThrow(DecodeError)
    expect(() => decodeMidterm(encode({ type: 'verdict', valid: true }))).toThrow(DecodeError)
  })
})

it('ignores reserved bits, and sends zeros', () => {
  expect(decode(Uint8Array.of(0x01, 0xfe, 0xff, 0xff, 0xff, 0xfe))).toEqual({ type: 'verdict', valid: false })
  expect(decode(Uint8Array.of(0x01, 0xfb, 0xff, 0xff, 0x17, 0x71))).toEqual({ type: 'info', port: 6001 })
  expect([...encode({ type: 'verdict', valid: true })]).toEqual([0x01, 0xfe, 0, 0, 0, 1])
})
