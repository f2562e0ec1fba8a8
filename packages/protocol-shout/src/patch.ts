import { count } from './payloads.ts'
import type { Value } from './msgpack.ts'

const utf8 = new TextEncoder()
const fromUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A string or buffer after pieces of it were replaced, one after the other. Offsets and lengths count bytes, of a
 * string those of its UTF-8.
 *
 * @param diff - of `[offset, deleted, inserted]`
 * @returns undefined when the value is neither, a piece lies outside, or the result is no UTF-8 or too long
 */
export function patch(value: Value, diff: readonly Value[], maxBytes: number): Value | undefined {
  const isText = typeof value === 'string'
  let bytes = isText ? utf8.encode(value) : value

  for (const piece of diff) {
    const next = bytes instanceof Uint8Array ? replace(bytes, piece, isText) : undefined

    if (next === undefined || next.byteLength > maxBytes) {
      return undefined
    }

    bytes = next
  }

  return isText && bytes instanceof Uint8Array ? toText(bytes) : bytes
}

function replace(bytes: Uint8Array, piece: Value, isText: boolean): Uint8Array<ArrayBuffer> | undefined {
  const [at, deleted, text] = Array.isArray(piece) ? (piece as readonly Value[]) : []
  const [from, length] = [count(at), count(deleted)]
  const inserted = isText && typeof text === 'string' ? utf8.encode(text) : text

  if (
    from === undefined ||
    length === undefined ||
    !(inserted instanceof Uint8Array) ||
    isText !== (typeof text === 'string')
  ) {
    return undefined
  } else if (from + length > bytes.byteLength) {
    return undefined
  }

  const out = new Uint8Array(bytes.byteLength - length + inserted.byteLength)
  out.set(bytes.subarray(0, from))
  out.set(inserted, from)
  out.set(bytes.subarray(from + length), from + inserted.byteLength)
  return out
}

function toText(bytes: Uint8Array): string | undefined {
  try {
    return fromUtf8.decode(bytes)
  } catch {
    return undefined
  }
}
