import {
  DecodeError,
  fixedPrefix,
  framed,
  FrameSplitter,
  FrameTooLargeError,
  varintPrefix
} from '@hearsay/protocol-core/pure'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LengthPrefix } from '@hearsay/protocol-core/pure'

const prefixes: [string, LengthPrefix][] = [
  ['u16', fixedPrefix(2)],
  ['u16 that counts itself', fixedPrefix(2, { inclusive: true })],
  ['u32', fixedPrefix(4)],
  ['varint', varintPrefix]
]

function split(splitter: FrameSplitter, chunks: Iterable<Uint8Array>): Uint8Array[] {
  const payloads: Uint8Array[] = []

  for (const chunk of chunks) {
    splitter.push(chunk, (payload) => payloads.push(new Uint8Array(payload)) > 0)
  }

  return payloads
}

function* chop(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.byteLength; i++) {
    const size = sizes[i % sizes.length]!
    yield bytes.subarray(at, at + size)
    at += size
  }
}

describe.each(prefixes)('framing by %s', (_name, prefix) => {
  it('cuts the same frames out of any chunks', () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 300, size: 'max' }), { maxLength: 20, size: 'max' })
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 })

    fc.assert(
      fc.property(payloads, sizes, (all, chunkSizes) => {
        const bytes = Buffer.concat(all.map((payload) => framed(prefix, payload)))
        const splitter = new FrameSplitter(prefix, 300)
        expect(split(splitter, chop(bytes, chunkSizes))).toEqual(all)
        expect(splitter.heldBytes).toBe(0)
      })
    )
  })

  it('cuts two frames wherever the chunks part', () => {
    for (const size of [0, 1, 127, 128, 129]) {
      const both = [new Uint8Array(size).fill(1), new Uint8Array(3).fill(2)]
      const bytes = Buffer.concat(both.map((payload) => framed(prefix, payload)))

      for (let first = 1; first < bytes.byteLength; first++) {
        expect(split(new FrameSplitter(prefix, 300), chop(bytes, [first, bytes.byteLength]))).toEqual(both)
        expect(split(new FrameSplitter(prefix, 300), chop(bytes, [first, 1, bytes.byteLength]))).toEqual(both)
      }
    }
  })

  it('keeps nothing of a chunk, which the caller may use again', () => {
    const bytes = framed(prefix, Uint8Array.of(1, 2, 3, 4))
    const splitter = new FrameSplitter(prefix, 10)
    const chunk = bytes.slice(0, -2)
    splitter.push(chunk, () => true)
    chunk.fill(0xff)
    expect(split(splitter, [bytes.subarray(-2)])).toEqual([Uint8Array.of(1, 2, 3, 4)])
  })

  it('takes a frame of the largest size and refuses the next', () => {
    const largest = new Uint8Array(1_000)
    expect(split(new FrameSplitter(prefix, 1_000), [framed(prefix, largest)])).toEqual([largest])
    expect(() => split(new FrameSplitter(prefix, 999), [framed(prefix, largest)])).toThrow(FrameTooLargeError)
  })

  it('refuses an oversized frame as soon as its length is known, also byte by byte', () => {
    const start = framed(prefix, new Uint8Array(1_000)).subarray(0, prefix.width(1_000))
    const splitter = new FrameSplitter(prefix, 999)
    expect(split(splitter, chop(start.subarray(0, -1), [1]))).toEqual([])
    expect(() => split(splitter, [start.subarray(-1)])).toThrow(FrameTooLargeError)
  })

  it('holds no more than has arrived of one frame', () => {
    const splitter = new FrameSplitter(prefix, 60_000)
    const bytes = framed(prefix, new Uint8Array(60_000))
    let arrived = 0

    for (const chunk of chop(bytes.subarray(0, 50_000), [1, 700])) {
      splitter.push(chunk, () => true)
      arrived += chunk.byteLength
      expect(splitter.heldBytes).toBe(arrived)
    }
  })

  it('stops when told to, within a chunk and across chunks', () => {
    const bytes = Buffer.concat([1, 2, 3].map((byte) => framed(prefix, Uint8Array.of(byte))))

    // whole; byte by byte; the second frame, after which it stops, across two chunks, the third behind it
    for (const sizes of [[bytes.byteLength], [1], [bytes.byteLength / 2, bytes.byteLength]]) {
      const seen: number[] = []
      const splitter = new FrameSplitter(prefix, 10)

      for (const chunk of chop(bytes, sizes.map(Math.floor))) {
        if (seen.length < 2) {
          splitter.push(chunk, ([byte]) => seen.push(byte!) < 2)
        }
      }

      expect(seen).toEqual([1, 2])
    }
  })
})

describe('lengths that are none', () => {
  it('refuses a u16 that is too small to count itself', () => {
    const splitter = new FrameSplitter(fixedPrefix(2, { inclusive: true }), 10)
    expect(() => splitter.push(Uint8Array.of(0, 1), () => true)).toThrow(DecodeError)
  })

  it.each([
    ['longer than needed', [0x80, 0x00]],
    ['longer than 5 bytes', [0xff, 0xff, 0xff, 0xff, 0xff, 0x01]]
  ])('refuses a varint that is %s', (_name, bytes) => {
    expect(() => new FrameSplitter(varintPrefix, 10).push(Uint8Array.from(bytes), () => true)).toThrow(DecodeError)
  })

  it('writes varints as the multiformats examples have them', () => {
    for (const [value, bytes] of [
      [1, [0x01]],
      [127, [0x7f]],
      [128, [0x80, 0x01]],
      [255, [0xff, 0x01]],
      [300, [0xac, 0x02]],
      [16384, [0x80, 0x80, 0x01]]
    ] as const) {
      const out = new Uint8Array(varintPrefix.width(value))
      varintPrefix.write(out, 0, value)
      expect([...out]).toEqual(bytes)
    }
  })
})
