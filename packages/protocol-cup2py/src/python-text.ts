/**
 * What Python prints for the values a record signs.
 *
 * @see docs/specs/cup2py.md#user-record
 */
import type { DateParts } from './date.ts'

const NAMED: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t']
])
/** Unassigned, control, format and private characters, and separators; the blank is printed as it is */
const UNPRINTABLE = /[\p{C}\p{Z}]/u

/** `repr()` of a string */
export function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  let out = quote

  for (const char of text) {
    out += char === quote ? `\\${char}` : (NAMED.get(char) ?? (isPrintable(char) ? char : escape(char)))
  }

  return out + quote
}

/** `repr()` of a datetime: zero microseconds are left out, and then zero seconds too */
export function reprDate({ year, month, day, hour, minute, second, microsecond }: DateParts): string {
  const parts = [year, month, day, hour, minute]

  if (microsecond > 0) {
    parts.push(second, microsecond)
  } else if (second > 0) {
    parts.push(second)
  }

  return `datetime.datetime(${parts.join(', ')})`
}

function isPrintable(char: string): boolean {
  return char === ' ' || !UNPRINTABLE.test(char)
}

function escape(char: string): string {
  const code = char.codePointAt(0)!
  const digits = code.toString(16)
  return code < 0x100
    ? `\\x${digits.padStart(2, '0')}`
    : code < 0x10000
      ? `\\u${digits.padStart(4, '0')}`
      : `\\U${digits.padStart(8, '0')}`
}
