/** Text of strangers, for a terminal. */

/** Control characters could do anything to it, and marks of direction could make it read as something else */
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** In one line */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, '�')
}

/** What a value of shout is to a reader: texts as they are, all else as JSON */
export function valueText(value: unknown): string {
  return printable(typeof value === 'string' ? value : JSON.stringify(value))
}

/** Of a user hash, what a person tells users apart by */
export function shortUser(hash: string): string {
  return hash.slice(0, 8)
}
