/**
 * Reads what the published Python library encrypted: AES-128 in ECB mode over an alphabet of 256 letters, one for each
 * byte. It has no integrity check, and equal blocks look equal; so there is no writing it here.
 *
 * @see docs/specs/cup2py.md#keys
 */
import { createDecipheriv } from 'node:crypto'
import { WrongPasswordError } from './errors.ts'

/** The letter of each byte value */
export const LIBRARY_ALPHABET: string =
  'ķÓŪáųÕHnčsŏżĶĺŕĄK%ĆĀ×ģæU8þŎFĬŵcÔŌÉő6<űÄÀĘİäÍtÙÃøòÊÒĻţGūĚŹ_ēEęœgě' +
  'eïŲNQÎŁļAŚą[ãĊvŢ]ŋYĽź,óů"ÁŇÈJĐŰü.ôÅĂîö9~pâbň@ŠaÂðõÇŶM3+ÐXŐ;ìŸćØm' +
  "łÛď|4ĹDÿëàČņh7>1=ōÑCy2ńĩŞŔo/zu0Įjį'ıË*ŻBwéđŽŘÚLĖÌśVÏĪP^&Råşfīřğè" +
  '?iŷāTßĢIWÞ`çí Ņ\n#Z÷ėrăÖqkľêžùŃŤĭýŮĞñĒ}Ý$OSĨx-lĎš{(\\úÜŒd5û)ť!Æ:ŴŊ'

const LETTERS = Array.from(LIBRARY_ALPHABET)
const BYTES: ReadonlyMap<string, number> = new Map(LETTERS.map((letter, byte) => [letter, byte]))
const BLOCK_BYTES = 16
const PADDING = '@'

/**
 * @param password - at least 16 letters of the alphabet; the library uses the first 16
 * @returns the text; one that ended in `@` has lost up to 15 of them
 * @throws {WrongPasswordError} when the text or the password is none of the library's
 */
export function decryptLibraryText(text: string, password: string): string {
  const data = toBytes(text)
  const key = toBytes(Array.from(password).slice(0, BLOCK_BYTES).join(''))

  if (key?.byteLength !== BLOCK_BYTES) {
    throw new WrongPasswordError('a password of the Python library has at least 16 characters, of its alphabet')
  } else if (data === undefined || data.byteLength === 0 || data.byteLength % BLOCK_BYTES !== 0) {
    throw new WrongPasswordError('this is nothing that the Python library encrypted, or a part of it is missing')
  }

  const decipher = createDecipheriv('aes-128-ecb', key, null).setAutoPadding(false)
  const letters = Array.from(Buffer.concat([decipher.update(data), decipher.final()]), (byte) => LETTERS[byte]!)
  let end = letters.length

  while (end > letters.length - BLOCK_BYTES + 1 && letters[end - 1] === PADDING) {
    end--
  }

  return letters.slice(0, end).join('')
}

function toBytes(text: string): Uint8Array | undefined {
  const bytes = Array.from(text, (letter) => BYTES.get(letter))
  return bytes.includes(undefined) ? undefined : Uint8Array.from(bytes as number[])
}
