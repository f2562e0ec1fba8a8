/**
 * The little DER that RSA keys need, strictly: one value has one encoding, all else is refused. Messages of errors name
 * no byte of the input, which may be secret.
 *
 * @see ITU-T X.690 §10
 */
import { InvalidKeyError } from './errors.ts'

export const INTEGER = 0x02
export const BIT_STRING = 0x03
export const OCTET_STRING = 0x04
export const NULL = 0x05
export const OBJECT_IDENTIFIER = 0x06
export const SEQUENCE = 0x30

/** Reads elements front to back. What it returns are views, not copies. */
export class DerReader {
  private readonly bytes: Uint8Array
  private at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** A reader over the elements of a SEQUENCE that is all of `der` */
  static sequence(der: Uint8Array): DerReader {
    const outer = new DerReader(der)
    const inner = new DerReader(outer.element(SEQUENCE))
    outer.end()
    return inner
  }

  /** @throws {InvalidKeyError} like every read: when the next bytes are not what is asked for */
  element(tag: number): Uint8Array {
    if (this.byte() !== tag) {
      throw new InvalidKeyError(`DER tag 0x${tag.toString(16).padStart(2, '0')} expected`)
    }

    return this.take(this.length())
  }

  /** A natural number, big-endian without leading zeros; zero is one zero byte */
  integer(): Uint8Array {
    const content = this.element(INTEGER)
    const [first, second = 0xff] = content

    if (first === undefined || first >= 0x80 || (first === 0 && second < 0x80)) {
      throw new InvalidKeyError('DER integer is empty, negative or not in its shortest form')
    }

    return first === 0 && content.byteLength > 1 ? content.subarray(1) : content
  }

  /** @param what - for the error when the next bytes are others than `expected` */
  constant(expected: Uint8Array, what: string): void {
    if (!this.take(expected.byteLength).every((byte, i) => byte === expected[i])) {
      throw new InvalidKeyError(what)
    }
  }

  /** @throws {InvalidKeyError} when bytes are left */
  end(): void {
    if (this.at < this.bytes.byteLength) {
      throw new InvalidKeyError('DER has trailing bytes')
    }
  }

  /** Up to 65,535, which a key of 16,384 bits stays far below */
  private length(): number {
    const first = this.byte()

    if (first < 0x80) {
      return first
    }

    const length = first === 0x81 ? this.byte() : first === 0x82 ? this.byte() * 256 + this.byte() : 0

    if (length < (first === 0x81 ? 0x80 : 0x100)) {
      throw new InvalidKeyError('DER length is not in its shortest form, or over 65,535')
    }

    return length
  }

  private byte(): number {
    return this.take(1)[0]!
  }

  private take(count: number): Uint8Array {
    if (count > this.bytes.byteLength - this.at) {
      throw new InvalidKeyError('DER is truncated')
    }

    this.at += count
    return this.bytes.subarray(this.at - count, this.at)
  }
}

/** @returns one element of at most 65,535 bytes of content, which is the concatenation of `parts` */
export function derElement(tag: number, ...parts: Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0)
  const header =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff]
  const element = new Uint8Array(header.length + length)
  let at = header.length
  element.set(header)

  for (const part of parts) {
    element.set(part, at)
    at += part.byteLength
  }

  return element
}

/** @param magnitude - big-endian, without leading zeros */
export function derInteger(magnitude: Uint8Array): Uint8Array {
  return derElement(INTEGER, Uint8Array.of(...(magnitude[0]! >= 0x80 ? [0] : [])), magnitude)
}
