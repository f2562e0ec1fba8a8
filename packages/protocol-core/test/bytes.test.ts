import { ByteReader, ByteWriter, DecodeError } from '@hearsay/protocol-core/pure'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const fields = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('u8' as const), value: fc.integer({ min: 0, max: 0xff }) }),
    fc.record({ kind: fc.constant('u16' as const), value: fc.integer({ min: 0, max: 0xffff }) }),
    fc.record({ kind: fc.constant('u32' as const), value: fc.integer({ min: 0, max: 0xffffffff }) }),
    fc.record({ kind: fc.constant('u64' as const), value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
    fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 40 }) })
  )
)

function write(writer: ByteWriter, all: typeof fields extends fc.Arbitrary<infer T> ? T : never): Uint8Array {
  for (const { kind, value } of all) {
    writer[kind](value as never)
  }

  return writer.done()
}

describe('bytes', () => {
  it('reads back what was written, whatever the size hint', () => {
    fc.assert(
      fc.property(fields, fc.integer({ min: 0, max: 200 }), (all, sizeHint) => {
        const reader = new ByteReader(write(new ByteWriter(sizeHint), all))

        for (const { kind, value } of all) {
          expect(kind === 'bytes' ? reader.bytes(value.byteLength) : reader[kind]()).toEqual(value)
        }

        reader.end()
      })
    )
  })

  it('is big-endian', () => {
    const bytes = new ByteWriter().u8(1).u16(0x0203).u32(0x04050607).u64(0x08090a0b0c0d0e0fn).done()
    expect([...bytes]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
  })

  it.each(['u8', 'u16', 'u32', 'u64'] as const)('refuses %s when bytes are missing', (kind) => {
    const width = Number(kind.slice(1)) / 8
    expect(() => new ByteReader(new Uint8Array(width - 1))[kind]()).toThrow(DecodeError)
    expect(() => new ByteReader(new Uint8Array(width))[kind]()).not.toThrow()
  })

  it('refuses more bytes than are left, and bytes that are left over', () => {
    const reader = new ByteReader(new Uint8Array(3))
    expect(() => reader.bytes(4)).toThrow(DecodeError)
    expect(() => reader.skip(4)).toThrow(DecodeError)
    expect(() => reader.end()).toThrow(DecodeError)
    expect(reader.rest().byteLength).toBe(3)
    reader.end()
  })

  it('gives views, not copies', () => {
    const frame = Uint8Array.of(1, 2, 3, 4)
    expect(new ByteReader(frame).bytes(2).buffer).toBe(frame.buffer)
  })
})
