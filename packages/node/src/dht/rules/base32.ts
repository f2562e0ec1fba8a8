/** RFC 4648 base32 in lower case and without padding, as libp2p writes it. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

export function toBase32(bytes: Uint8Array): string {
  let [text, held, bits] = ['', 0, 0]

  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff
    bits += 8

    for (; bits >= 5; bits -= 5) {
      text += ALPHABET[(held >> (bits - 5)) & 31]!
    }
  }

  return bits === 0 ? text : text + ALPHABET[(held << (5 - bits)) & 31]!
}

/** @returns undefined unless it is what `toBase32` writes for some bytes */
export function fromBase32(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array((text.length * 5) >> 3)
  let [at, held, bits] = [0, 0, 0]

  for (const letter of text) {
    held = ((held << 5) | ALPHABET.indexOf(letter)) & 0xfff
    bits += 5

    if (bits >= 8) {
      bits -= 8
      bytes[at++] = held >> bits
    }
  }

  return toBase32(bytes) === text ? bytes : undefined
}
