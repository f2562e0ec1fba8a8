/** Bytes as text, in Node.js and browsers alike. */

const DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))
const decoder = new TextDecoder()

/**
 * Two lower-case digits a byte: fit to be a map's key. Made in one piece: one that is added up from pieces keeps all of
 * them in memory, a kilobyte for 32 bytes.
 */
export function toHex(bytes: Uint8Array): string {
  const text = new Uint8Array(2 * bytes.byteLength)
  let at = 0

  for (const byte of bytes) {
    text[at++] = DIGITS[byte >> 4]!
    text[at++] = DIGITS[byte & 15]!
  }

  return decoder.decode(text)
}

/** With padding, without line breaks */
export function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}
