/** Bytes as text, in Node.js and browsers alike. */

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Two lower-case digits a byte: fit to be a map's key */
export function toHex(bytes: Uint8Array): string {
  let text = ''

  for (const byte of bytes) {
    text += HEX[byte]!
  }

  return text
}

/** With padding, without line breaks */
export function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}
