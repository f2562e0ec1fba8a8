/**
 * The raw block format of Snappy: the length of the text as a varint, then literals and copies of what came before.
 *
 * @see https://github.com/google/snappy/blob/main/format_description.txt
 */
import { DecodeError, varintPrefix } from '@hearsay/protocol-core/pure'

const HASH_BITS = 14
const MAX_OFFSET = 0xffff
const LONGEST_COPY = 64

/** @throws {DecodeError} unless it is exactly one block that makes at most `maxBytes` */
export function decompressSnappy(block: Uint8Array, maxBytes: number): Uint8Array {
  const width = varintPrefix.widthAt(block, 0, block.byteLength)
  const length = width === 0 ? Number.POSITIVE_INFINITY : varintPrefix.payloadBytesAt(block, 0)

  // a copy of three bytes makes 64 at most
  if (length > maxBytes || length > block.byteLength * LONGEST_COPY) {
    throw new DecodeError(`a block that announces ${length} bytes`)
  }

  const out = new Uint8Array(length)
  let [at, end] = [width, 0]

  while (at < block.byteLength) {
    const tag = block[at]!
    const kind = tag & 3
    const extra = kind === 0 ? literalWidth(tag) : kind === 3 ? 4 : kind
    const operand = littleEndian(block, at + 1, extra)
    at += 1 + extra

    if (kind === 0) {
      const size = 1 + (extra === 0 ? tag >> 2 : operand)
      check(size <= block.byteLength - at && size <= length - end)
      out.set(block.subarray(at, at + size), end)
      at += size
      end += size
    } else {
      const size = kind === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2)
      const offset = kind === 1 ? ((tag >> 5) << 8) | operand : operand
      check(offset > 0 && offset <= end && size <= length - end)
      copyWithin(out, end, offset, size)
      end += size
    }
  }

  check(end === length)
  return out
}

/** Greedy, with one hash table of four-byte words */
export function compressSnappy(text: Uint8Array): Uint8Array {
  const out = new Output(text)
  const table = new Int32Array(1 << HASH_BITS)
  const last = text.byteLength - 4
  let [literal, at] = [0, 0]

  while (at <= last) {
    const word = wordAt(text, at)
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS)
    const candidate = table[slot]! - 1
    table[slot] = at + 1

    if (candidate >= 0 && at - candidate <= MAX_OFFSET && wordAt(text, candidate) === word) {
      const size = matchLength(text, candidate, at)
      out.literal(literal, at)
      out.copy(at - candidate, size)
      at += size
      literal = at
    } else {
      at++
    }
  }

  out.literal(literal, text.byteLength)
  return out.done()
}

class Output {
  private readonly text: Uint8Array
  private readonly bytes: Uint8Array
  private at: number

  constructor(text: Uint8Array) {
    this.text = text
    // literals cost at most one byte in sixty more, and copies are never longer than what they stand for
    this.bytes = new Uint8Array(32 + text.byteLength + Math.ceil(text.byteLength / 6))
    this.at = varintPrefix.width(text.byteLength)
    varintPrefix.write(this.bytes, 0, text.byteLength)
  }

  literal(from: number, to: number): void {
    for (let start = from; start < to;) {
      const size = Math.min(to - start, 0x1_0000)
      const wide = size > 60

      this.bytes[this.at++] = wide ? 61 << 2 : (size - 1) << 2

      if (wide) {
        this.bytes[this.at++] = size - 1
        this.bytes[this.at++] = (size - 1) >> 8
      }

      this.bytes.set(this.text.subarray(start, start + size), this.at)
      this.at += size
      start += size
    }
  }

  copy(offset: number, size: number): void {
    for (let left = size; left > 0; left -= LONGEST_COPY) {
      this.bytes[this.at++] = ((Math.min(left, LONGEST_COPY) - 1) << 2) | 2
      this.bytes[this.at++] = offset
      this.bytes[this.at++] = offset >> 8
    }
  }

  done(): Uint8Array {
    return this.bytes.subarray(0, this.at)
  }
}

function literalWidth(tag: number): number {
  return Math.max(0, (tag >> 2) - 59)
}

function littleEndian(bytes: Uint8Array, at: number, width: number): number {
  check(at + width <= bytes.byteLength)
  let value = 0

  for (let i = width - 1; i >= 0; i--) {
    value = value * 256 + bytes[at + i]!
  }

  return value
}

/** The source may overlap the target: then it repeats */
function copyWithin(out: Uint8Array, end: number, offset: number, size: number): void {
  for (let i = 0; i < size; i++) {
    out[end + i] = out[end + i - offset]!
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

function matchLength(text: Uint8Array, earlier: number, at: number): number {
  let size = 4

  while (at + size < text.byteLength && text[earlier + size] === text[at + size]) {
    size++
  }

  return size
}

function check(holds: boolean): void {
  if (!holds) {
    throw new DecodeError('no Snappy block')
  }
}
