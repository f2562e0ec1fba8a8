/**
 * MessagePack as far as the protocol allows it: values in, bytes out and back. Whatever the bytes claim, decoding
 * allocates no more than what they hold.
 *
 * @see docs/specs/shout.md#values
 */
import { DecodeError, InvalidParametersError } from '@hearsay/protocol-core/pure'
import { MAX_DEPTH, MAX_ELEMENTS, MAX_PAYLOAD_BYTES } from './constants.ts'

/**
 * What a message can carry. Integers from -2^63 to 2^64 - 1, as `bigint` beyond what a number holds exactly; other
 * numbers are doubles, NaN and infinities too.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Value[]
  | { readonly [key: string]: Value }

const utf8 = new TextEncoder()
const fromUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws {InvalidParametersError} when it is no such value, nested too deep, too long or too large */
export function encodeValue(value: Value): Uint8Array {
  const out = new Writer()
  out.value(value, 0)
  return out.done()
}

/** @throws {DecodeError} unless the bytes are exactly one value within the limits */
export function decodeValue(bytes: Uint8Array): Value {
  if (bytes.byteLength > MAX_PAYLOAD_BYTES) {
    throw new DecodeError(`a payload of ${bytes.byteLength} bytes`)
  }

  const reader = new Reader(bytes)
  const value = reader.value(0)
  reader.end()
  return value
}

class Writer {
  private bytes = new Uint8Array(128)
  private view = new DataView(this.bytes.buffer)
  private at = 0
  private elements = 0

  value(value: Value, depth: number): void {
    if (++this.elements > MAX_ELEMENTS || depth > MAX_DEPTH) {
      throw wrong(depth > MAX_DEPTH ? `is nested deeper than ${MAX_DEPTH}` : `has more than ${MAX_ELEMENTS} elements`)
    }

    switch (typeof value) {
      case 'string':
        return this.text(value)
      case 'number':
        return this.number(value)
      case 'bigint':
        return this.integer(value)
      case 'boolean':
        return this.byte(value ? 0xc3 : 0xc2)
      case 'object':
        return this.object(value, depth)
      default:
        throw wrong(`holds a ${typeof value}, which no message can carry`)
    }
  }

  done(): Uint8Array {
    return this.bytes.slice(0, this.at)
  }

  private object(value: Extract<Value, object> | null, depth: number): void {
    if (value === null) {
      this.byte(0xc0)
    } else if (value instanceof Uint8Array) {
      this.header(value.byteLength, [0xc4, 0xc5, 0xc6])
      this.raw(value)
    } else if (Array.isArray(value)) {
      this.header(value.length, [undefined, 0xdc, 0xdd], 0x90, 16)
      // not forEach, which leaves out holes
      for (const item of value as readonly Value[]) {
        this.value(item, depth + 1)
      }
    } else {
      this.map(value as { readonly [key: string]: Value }, depth)
    }
  }

  private map(value: { readonly [key: string]: Value }, depth: number): void {
    const prototype: unknown = Object.getPrototypeOf(value)

    if (prototype !== Object.prototype && prototype !== null) {
      throw wrong('holds an object that is no plain one')
    }

    const entries = Object.entries(value)
    this.header(entries.length, [undefined, 0xde, 0xdf], 0x80, 16)

    for (const [key, item] of entries) {
      this.text(key)
      this.value(item, depth + 1)
    }
  }

  private text(value: string): void {
    if (!value.isWellFormed()) {
      throw wrong('holds a string with half a surrogate pair')
    }

    const bytes = utf8.encode(value)
    this.header(bytes.byteLength, [0xd9, 0xda, 0xdb], 0xa0, 32)
    this.raw(bytes)
  }

  private number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      if (value >= 0 && value < 128) {
        this.byte(value)
      } else if (value < 0 && value >= -32) {
        this.byte(value + 256)
      } else {
        this.wide(value)
      }
    } else {
      const at = this.advance(9)
      this.bytes[at] = 0xcb
      this.view.setFloat64(at + 1, value)
    }
  }

  private wide(value: number): void {
    if (value > 0xffff_ffff || value < -0x8000_0000) {
      return this.integer(BigInt(value))
    }

    const width = value >= 0 ? widthOf(value) : value >= -0x80 ? 1 : value >= -0x8000 ? 2 : 4
    const at = this.advance(1 + width)
    this.bytes[at] = (value >= 0 ? 0xcc : 0xd0) + Math.log2(width)

    for (let i = 0; i < width; i++) {
      this.bytes[at + 1 + i] = value >>> (8 * (width - 1 - i))
    }
  }

  private integer(value: bigint): void {
    if (value >= -0x8000_0000n && value <= 0xffff_ffffn) {
      return this.number(Number(value))
    } else if (value < -(2n ** 63n) || value >= 2n ** 64n) {
      throw wrong('holds an integer beyond 64 bits')
    }

    const at = this.advance(9)
    this.bytes[at] = value < 0n ? 0xd3 : 0xcf
    this.view.setBigUint64(at + 1, BigInt.asUintN(64, value))
  }

  /** @param heads - for lengths of 1, 2 and 4 bytes; lengths below `short` fit the byte `fix` itself */
  private header(length: number, heads: [number | undefined, number, number], fix = 0, short = 0): void {
    if (length < short) {
      return this.byte(fix | length)
    }

    const width = length < 0x100 && heads[0] !== undefined ? 1 : length < 0x1_0000 ? 2 : 4
    const at = this.advance(1 + width)
    this.bytes[at] = heads[Math.log2(width)]!

    for (let i = 0; i < width; i++) {
      this.bytes[at + 1 + i] = length >>> (8 * (width - 1 - i))
    }
  }

  private raw(bytes: Uint8Array): void {
    const at = this.advance(bytes.byteLength)
    this.bytes.set(bytes, at)
  }

  private byte(value: number): void {
    const at = this.advance(1)
    this.bytes[at] = value
  }

  private advance(count: number): number {
    const at = this.at
    this.at += count

    if (this.at > MAX_PAYLOAD_BYTES) {
      throw wrong(`takes more than ${MAX_PAYLOAD_BYTES} bytes`)
    } else if (this.at > this.bytes.byteLength) {
      const grown = new Uint8Array(Math.max(this.at, 2 * this.bytes.byteLength))
      grown.set(this.bytes.subarray(0, at))
      this.bytes = grown
      this.view = new DataView(grown.buffer)
    }

    return at
  }
}

class Reader {
  private readonly bytes: Uint8Array
  private readonly view: DataView
  private at = 0
  /** One budget for the whole message: what a header claims is taken from it before anything is made */
  private budget = MAX_ELEMENTS

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  end(): void {
    if (this.at !== this.bytes.byteLength) {
      throw new DecodeError('bytes after the value')
    }
  }

  value(depth: number): Value {
    if (depth > MAX_DEPTH) {
      throw new DecodeError(`nested deeper than ${MAX_DEPTH}`)
    }

    const head = this.bytes[this.take(1)]!

    if (head < 0x80) {
      return head
    } else if (head < 0x90) {
      return this.map(head & 0x0f, depth)
    } else if (head < 0xa0) {
      return this.list(head & 0x0f, depth)
    } else if (head < 0xc0) {
      return this.text(head & 0x1f)
    }

    return head >= 0xe0 ? head - 256 : this.long(head, depth)
  }

  private long(head: number, depth: number): Value {
    switch (head) {
      case 0xc0:
        return null
      case 0xc2:
      case 0xc3:
        return head === 0xc3
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.binary(this.uint(1 << (head - 0xc4)))
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.text(this.uint(1 << (head - 0xd9)))
      case 0xdc:
      case 0xdd:
        return this.list(this.uint(2 << (head - 0xdc)), depth)
      case 0xde:
      case 0xdf:
        return this.map(this.uint(2 << (head - 0xde)), depth)
      default:
        return this.numeric(head)
    }
  }

  private numeric(head: number): Value {
    switch (head) {
      case 0xca:
        return this.view.getFloat32(this.take(4))
      case 0xcb:
        return this.view.getFloat64(this.take(8))
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.uint(1 << (head - 0xcc))
      case 0xd0:
        return this.view.getInt8(this.take(1))
      case 0xd1:
        return this.view.getInt16(this.take(2))
      case 0xd2:
        return this.view.getInt32(this.take(4))
      case 0xcf:
        return narrow(this.view.getBigUint64(this.take(8)))
      case 0xd3:
        return narrow(this.view.getBigInt64(this.take(8)))
      default:
        throw new DecodeError(`0x${head.toString(16)} is an extension type, or none`)
    }
  }

  private list(length: number, depth: number): Value[] {
    this.claim(length, 1)
    const list: Value[] = []

    for (let i = 0; i < length; i++) {
      list.push(this.value(depth + 1))
    }

    return list
  }

  private map(length: number, depth: number): { [key: string]: Value } {
    this.claim(length, 2)
    const map: { [key: string]: Value } = {}

    for (let i = 0; i < length; i++) {
      const key = this.key()

      if (Object.hasOwn(map, key)) {
        throw new DecodeError('a key twice in one map')
      }

      const value = this.value(depth + 1)
      // not by assignment, to which `__proto__` means something else
      Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true })
    }

    return map
  }

  private key(): string {
    const head = this.bytes[this.take(1)]!

    if (head >= 0xa0 && head < 0xc0) {
      return this.text(head & 0x1f)
    } else if (head >= 0xd9 && head <= 0xdb) {
      return this.text(this.uint(1 << (head - 0xd9)))
    }

    throw new DecodeError('a map key that is no string')
  }

  /** A copy, as the value outlives the chunk it came in; not by `slice`, which of a Buffer is none */
  private binary(length: number): Uint8Array {
    const at = this.take(length)
    return new Uint8Array(this.bytes.subarray(at, at + length))
  }

  private text(length: number): string {
    const at = this.take(length)

    try {
      return fromUtf8.decode(this.bytes.subarray(at, at + length))
    } catch {
      throw new DecodeError('a string that is not UTF-8')
    }
  }

  private uint(width: number): number {
    const at = this.take(width)
    return width === 1 ? this.bytes[at]! : width === 2 ? this.view.getUint16(at) : this.view.getUint32(at)
  }

  /** `length` elements are announced, of at least `least` bytes each */
  private claim(length: number, least: number): void {
    this.budget -= length

    if (this.budget < 0 || length * least > this.bytes.byteLength - this.at) {
      throw new DecodeError(`${length} elements are announced`)
    }
  }

  private take(count: number): number {
    const at = this.at

    if (count > this.bytes.byteLength - at) {
      throw new DecodeError(`${count} bytes expected, ${this.bytes.byteLength - at} left`)
    }

    this.at += count
    return at
  }
}

function narrow(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
}

function widthOf(value: number): 1 | 2 | 4 {
  return value < 0x100 ? 1 : value < 0x1_0000 ? 2 : 4
}

function wrong(problem: string): InvalidParametersError {
  return new InvalidParametersError('value', problem)
}
