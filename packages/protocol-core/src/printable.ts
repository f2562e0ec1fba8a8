/** Control characters could do anything to a terminal, and marks of direction could make text read as something else */
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** Text of strangers, for a log or a terminal: in one line */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, '�')
}
