import { DecodeError, FrameTooLargeError } from './errors.ts'

/** How frames announce their length. */
export interface LengthPrefix {
  /** Bytes of the prefix of a payload of this many bytes */
  width(payloadBytes: number): number
  /** Writes the prefix of a payload of this many bytes at `at` */
  write(out: Uint8Array, at: number, payloadBytes: number): void
  /**
   * Bytes of the prefix that starts at `at`, or 0 while it is incomplete.
   *
   * @throws {DecodeError} when it is none
   */
  widthAt(bytes: Uint8Array, at: number, end: number): number
  /**
   * The payload's length that the complete prefix at `at` announces.
   *
   * @throws {DecodeError} when it is none
   */
  payloadBytesAt(bytes: Uint8Array, at: number): number
}

/** Big-endian, of 2 or 4 bytes. `inclusive`: the number counts itself too. */
export function fixedPrefix(width: 2 | 4, { inclusive = false }: { inclusive?: boolean } = {}): LengthPrefix {
  const own = inclusive ? width : 0

  return {
    width: () => width,
    write(out, at, payloadBytes) {
      for (let i = 0, value = payloadBytes + own; i < width; i++) {
        out[at + i] = value >>> (8 * (width - 1 - i))
      }
    },
    widthAt: (_bytes, at, end) => (end - at < width ? 0 : width),
    payloadBytesAt(bytes, at) {
      let value = 0

      for (let i = 0; i < width; i++) {
        value = value * 256 + bytes[at + i]!
      }

      if (value < own) {
        throw new DecodeError(`a frame of ${value} bytes cannot hold its own length`)
      }

      return value - own
    }
  }
}

const MAX_VARINT_BYTES = 5

/** Unsigned LEB128 as in multiformats: at most 5 bytes, never longer than needed. */
export const varintPrefix: LengthPrefix = {
  width(payloadBytes) {
    let width = 1

    for (let rest = Math.floor(payloadBytes / 128); rest > 0; rest = Math.floor(rest / 128)) {
      width++
    }

    return width
  },
  write(out, at, payloadBytes) {
    let [index, rest] = [at, payloadBytes]

    for (; rest > 127; rest = Math.floor(rest / 128)) {
      out[index++] = (rest & 127) | 128
    }

    out[index] = rest
  },
  widthAt(bytes, at, end) {
    for (let width = 1; at + width <= end; width++) {
      const byte = bytes[at + width - 1]!

      if (byte === 0 && width > 1) {
        throw new DecodeError('a length with a needless zero byte')
      } else if (byte < 128) {
        return width
      } else if (width === MAX_VARINT_BYTES) {
        throw new DecodeError(`a length of more than ${MAX_VARINT_BYTES} bytes`)
      }
    }

    return 0
  },
  payloadBytesAt(bytes, at) {
    let [payloadBytes, scale, index] = [0, 1, at]

    for (; bytes[index]! > 127; index++, scale *= 128) {
      payloadBytes += (bytes[index]! & 127) * scale
    }

    return payloadBytes + bytes[index]! * scale
  }
}

/** A payload behind its length. Several to one peer are framed in one buffer by its session */
export function framed(prefix: LengthPrefix, payload: Uint8Array): Uint8Array {
  const width = prefix.width(payload.byteLength)
  const frame = new Uint8Array(width + payload.byteLength)
  prefix.write(frame, 0, payload.byteLength)
  frame.set(payload, width)
  return frame
}

/**
 * Cuts a byte stream into frames, whatever the chunks. A frame that lies within one chunk is a view of it; one that
 * spans chunks is collected in a buffer that grows with what has arrived, not with what was announced.
 */
export class FrameSplitter {
  private readonly prefix: LengthPrefix
  private readonly maxFrameBytes: number
  /** The beginning of a frame. BOUNDED by one frame, and by twice what has arrived of it */
  private partial = new Uint8Array(0)
  private held = 0

  /** @param maxFrameBytes - of a payload; the prefix comes on top */
  constructor(prefix: LengthPrefix, maxFrameBytes: number) {
    this.prefix = prefix
    this.maxFrameBytes = maxFrameBytes
  }

  /** Bytes held back for a frame that is not complete */
  get heldBytes(): number {
    return this.held
  }

  /**
   * @param onFrame - gets each complete payload; returning false stops, and drops the rest of the chunk
   * @throws {DecodeError} when a length is none, or as `FrameTooLargeError` over the limit: the stream is lost then
   */
  push(chunk: Uint8Array, onFrame: (payload: Uint8Array) => boolean): void {
    let at = 0

    while (this.held > 0 && at < chunk.byteLength) {
      at += this.collect(chunk, at)

      if (this.frameEnd(this.partial, 0, this.held) === this.held && !onFrame(this.takePartial())) {
        return
      }
    }

    this.cut(chunk, at, onFrame)
  }

  private cut(chunk: Uint8Array, from: number, onFrame: (payload: Uint8Array) => boolean): void {
    const available = chunk.byteLength

    for (let at = from, end = 0; at < available; at = end) {
      end = this.frameEnd(chunk, at, available)

      if (end > available) {
        this.partial = new Uint8Array(chunk.subarray(at))
        this.held = this.partial.byteLength
        return
      }

      if (!onFrame(chunk.subarray(at + this.prefix.widthAt(chunk, at, available), end))) {
        return
      }
    }
  }

  /** Where the frame that starts at `at` ends; infinity while its prefix is incomplete */
  private frameEnd(bytes: Uint8Array, at: number, available: number): number {
    const width = this.prefix.widthAt(bytes, at, available)

    if (width === 0) {
      return Number.POSITIVE_INFINITY
    }

    const payloadBytes = this.prefix.payloadBytesAt(bytes, at)

    if (payloadBytes > this.maxFrameBytes) {
      throw new FrameTooLargeError(payloadBytes, this.maxFrameBytes)
    }

    return at + width + payloadBytes
  }

  /** Takes into `partial` what its frame still needs, or one byte while its prefix is incomplete. @returns bytes taken */
  private collect(chunk: Uint8Array, at: number): number {
    const end = this.frameEnd(this.partial, 0, this.held)
    const wanted = end === Number.POSITIVE_INFINITY ? 1 : end - this.held
    const taken = Math.min(wanted, chunk.byteLength - at)
    const needed = this.held + taken

    if (needed > this.partial.byteLength) {
      const grown = new Uint8Array(Math.min(Math.max(needed, 2 * this.held), Math.max(needed, end)))
      grown.set(this.partial.subarray(0, this.held))
      this.partial = grown
    }

    this.partial.set(chunk.subarray(at, at + taken), this.held)
    this.held = needed
    return taken
  }

  private takePartial(): Uint8Array {
    const payload = this.partial.subarray(this.prefix.widthAt(this.partial, 0, this.held), this.held)
    this.partial = new Uint8Array(0)
    this.held = 0
    return payload
  }
}
