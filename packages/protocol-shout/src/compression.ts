/**
 * Decompression that stops at its limits, and compression that does not break them.
 *
 * @see docs/specs/shout.md#compression
 */
import { DecodeError } from '@hearsay/protocol-core/pure'
import { Compression, MAX_INFLATED_BYTES, MAX_RATIO, RATIO_FROM_BYTES } from './constants.ts'
import { compressSnappy, decompressSnappy } from './snappy.ts'

/** One method of compression. */
export interface CompressionMethod {
  /**
   * @param maxBytes - stop and throw before holding more than this
   * @throws {DecodeError} when it is not exactly one stream of this method, or too long
   */
  decompress(body: Uint8Array, maxBytes: number): Uint8Array | Promise<Uint8Array>
  /** Absent: only taken, never sent */
  compress?(body: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/** Compressed bytes are handed over in pieces, so that little more than one piece's output waits to be counted */
const PIECE_BYTES = 4_096

/** The methods every node has. `bz2` and `lzma` are the application's to add, where it trusts a decoder */
export const builtIn: ReadonlyMap<number, CompressionMethod> = new Map<number, CompressionMethod>([
  [Compression.zlib, streamMethod('deflate')],
  [Compression.gzip, streamMethod('gzip')],
  [Compression.snappy, { decompress: decompressSnappy, compress: compressSnappy }]
])

/** How much a body of this length may become */
export function inflatedLimit(bodyBytes: number): number {
  return Math.min(MAX_INFLATED_BYTES, Math.max(RATIO_FROM_BYTES, bodyBytes * MAX_RATIO))
}

/** @throws {DecodeError} on anything that is not within the limits */
export async function decompress(method: CompressionMethod | undefined, body: Uint8Array): Promise<Uint8Array> {
  if (method === undefined) {
    throw new DecodeError('a compression nobody agreed to')
  }

  const limit = inflatedLimit(body.byteLength)
  const inflated = await method.decompress(body, limit)

  if (inflated.byteLength > limit) {
    throw new DecodeError(`more than ${limit} bytes of ${body.byteLength}`)
  }

  return inflated
}

/** @returns undefined when it does not help, or would break the receiver's limits */
export async function compress(method: CompressionMethod, body: Uint8Array): Promise<Uint8Array | undefined> {
  const deflated = await method.compress?.(body)
  return deflated !== undefined &&
    deflated.byteLength < body.byteLength &&
    body.byteLength <= inflatedLimit(deflated.byteLength)
    ? deflated
    : undefined
}

function streamMethod(format: CompressionFormat): CompressionMethod {
  return {
    decompress: (body, maxBytes) => through(new DecompressionStream(format), body, maxBytes),
    compress: (body) => through(new CompressionStream(format), body, Number.POSITIVE_INFINITY)
  }
}

async function through(
  stream: CompressionStream | DecompressionStream,
  body: Uint8Array,
  maxBytes: number
): Promise<Uint8Array> {
  const fed = feed(stream.writable.getWriter(), body)
  // what goes wrong there shows here as well
  fed.catch(() => {})

  try {
    const out = await collect(stream.readable.getReader(), maxBytes)
    await fed
    return out
  } catch (err) {
    throw err instanceof DecodeError ? err : new DecodeError('no such stream, or not the whole of it', { cause: err })
  }
}

async function feed(writer: WritableStreamDefaultWriter<BufferSource>, body: Uint8Array): Promise<void> {
  for (let at = 0; at < body.byteLength; at += PIECE_BYTES) {
    await writer.ready
    await writer.write(body.subarray(at, at + PIECE_BYTES) as Uint8Array<ArrayBuffer>)
  }

  await writer.close()
}

async function collect(reader: ReadableStreamDefaultReader<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  /** BOUNDED by maxBytes and one piece */
  const parts: Uint8Array[] = []
  let length = 0

  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    length += part.value.byteLength

    if (length > maxBytes) {
      void reader.cancel().catch(() => {})
      throw new DecodeError(`more than ${maxBytes} bytes`)
    }

    parts.push(part.value)
  }

  const out = new Uint8Array(length)
  let at = 0

  for (const part of parts) {
    out.set(part, at)
    at += part.byteLength
  }

  return out
}
