import { DecodeError } from './errors.ts'

/** Reads big-endian fields from a frame, front to back. Every read is checked; byte fields are views, not copies. */
export class ByteReader {
  private readonly frame: Uint8Array
  private at = 0

  constructor(frame: Uint8Array) {
    this.frame = frame
  }

  /** Bytes not read yet */
  get remaining(): number {
    return this.frame.byteLength - this.at
  }

  /** @throws {DecodeError} like every read: when fewer bytes are left than it takes */
  u8(): number {
    return this.frame[this.advance(1)]!
  }

  u16(): number {
    const at = this.advance(2)
    return (this.frame[at]! << 8) | this.frame[at + 1]!
  }

  u32(): number {
    return this.u16() * 2 ** 16 + this.u16()
  }

  u64(): bigint {
    const high = this.u32()
    return (BigInt(high) << 32n) | BigInt(this.u32())
  }

  bytes(length: number): Uint8Array {
    const at = this.advance(length)
    return this.frame.subarray(at, at + length)
  }

  /** All that is left, possibly nothing */
  rest(): Uint8Array {
    return this.bytes(this.remaining)
  }

  skip(length: number): void {
    this.advance(length)
  }

  /** @throws {DecodeError} when bytes are left */
  end(): void {
    if (this.remaining > 0) {
      throw new DecodeError(`${this.remaining} bytes too many`)
    }
  }

  private advance(length: number): number {
    if (length > this.remaining) {
      throw new DecodeError(`${length} bytes expected, ${this.remaining} left`)
    }

    const at = this.at
    this.at += length
    return at
  }
}

/** Writes big-endian fields into one frame, growing as needed. Numbers are cut to their field's width. */
export class ByteWriter {
  private buffer: Uint8Array
  private at = 0

  /** @param sizeHint - bytes to start with: exact saves the copy at the end */
  constructor(sizeHint = 64) {
    this.buffer = new Uint8Array(sizeHint)
  }

  u8(value: number): this {
    const at = this.advance(1)
    this.buffer[at] = value
    return this
  }

  u16(value: number): this {
    const at = this.advance(2)
    this.buffer[at] = value >>> 8
    this.buffer[at + 1] = value
    return this
  }

  u32(value: number): this {
    return this.u16(value >>> 16).u16(value)
  }

  u64(value: bigint): this {
    return this.u32(Number((value >> 32n) & 0xffffffffn)).u32(Number(value & 0xffffffffn))
  }

  bytes(value: Uint8Array): this {
    const at = this.advance(value.byteLength)
    this.buffer.set(value, at)
    return this
  }

  /** The frame. The writer is used up. */
  done(): Uint8Array {
    return this.at === this.buffer.byteLength ? this.buffer : this.buffer.slice(0, this.at)
  }

  private advance(length: number): number {
    const at = this.at
    this.at += length

    if (this.at > this.buffer.byteLength) {
      const grown = new Uint8Array(Math.max(this.at, this.buffer.byteLength * 2))
      grown.set(this.buffer)
      this.buffer = grown
    }

    return at
  }
}

/**
 * A message that is a type of 16 bits and a body, and nothing after it.
 *
 * @throws {DecodeError} when bytes are missing or left, and what `decodeBody` throws
 */
export function decodeTyped<T>(bytes: Uint8Array, decodeBody: (type: number, reader: ByteReader) => T): T {
  const reader = new ByteReader(bytes)
  const message = decodeBody(reader.u16(), reader)
  reader.end()
  return message
}
