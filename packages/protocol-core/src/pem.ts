/**
 * Keys as text: base64 between two lines that name what it is.
 *
 * @see RFC 7468
 */
import { InvalidKeyError } from './errors.ts'
import { toBase64 } from './text.ts'

/** A PKCS#8 key of 16,384 bits has 12,800 characters, and a stranger's text is refused before it costs a millisecond */
const MAX_CHARS = 16_384

/** As OpenSSL and Python's rsa write it: 64 columns, LF, also after the last line */
export function encodePem(label: string, der: Uint8Array): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/**
 * Lines may be of any length and end in CRLF, and white space may surround the whole; other text may not.
 *
 * @throws {InvalidKeyError} when `text` is no PEM
 */
export function decodePem(text: string): { label: string; der: Uint8Array } {
  if (text.length > MAX_CHARS) {
    throw new InvalidKeyError(`PEM of ${text.length} characters, at most ${MAX_CHARS} are allowed`)
  }

  const lines = text.trim().split(/\r?\n/)
  const label = /^-----BEGIN ([A-Z0-9 ]+)-----$/.exec(lines[0]!)?.[1]

  if (label === undefined || lines.at(-1) !== `-----END ${label}-----`) {
    throw new InvalidKeyError('PEM must begin and end with the lines that say so')
  }

  return { label, der: fromBase64(lines.slice(1, -1).join('')) }
}

function fromBase64(text: string): Uint8Array {
  let binary = ''

  try {
    binary = atob(text)
  } catch {
    // no cause: its message may quote the text
  }

  // atob() overlooks white space, missing padding and stray bits at the end
  if (btoa(binary) !== text) {
    throw new InvalidKeyError('PEM holds something that is not base64')
  }

  const bytes = new Uint8Array(binary.length)

  for (let i = 0; i < binary.length; i++) {
    bytes[i] = binary.charCodeAt(i)
  }

  return bytes
}
