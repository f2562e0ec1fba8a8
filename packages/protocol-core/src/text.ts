/** Bytes as text, in Node.js and browsers alike. */

const DIGITS = new TextEncoder().encode('0123456789abcdef')
const decoder = new TextDecoder()

/** Two lower-case digits a byte: fit to be a map's key. In one piece: a string that was added up keeps all its parts */
export function toHex(bytes: Uint8Array): string {
  const digits = new Uint8Array(2 * bytes.byteLength)

  for (let i = 0; i < bytes.byteLength; i++) {
    digits[2 * i] = DIGITS[bytes[i]! >> 4]!
    digits[2 * i + 1] = DIGITS[bytes[i]! & 15]!
  }

  return decoder.decode(digits)
}

/** With padding, without line breaks */
export function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}
