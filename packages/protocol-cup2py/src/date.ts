/**
 * Dates as Python prints them: `2023-04-27 22:25:19.167142`, without the fraction when it is zero. Each date has one
 * text, and texts sort as their dates do.
 *
 * @see docs/specs/cup2py.md#user-record
 */
import type { Millis } from '@hearsay/protocol-core/pure'

export interface DateParts {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  microsecond: number
}

const DATE = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{6}))?$/
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** @returns undefined when it is no date, or not in its one form */
export function parseDate(text: string): DateParts | undefined {
  const match = DATE.exec(text)

  if (match === null || match[7] === '000000') {
    return undefined
  }

  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number
  ]
  const parts = { year, month, day, hour, minute, second, microsecond: Number(match[7] ?? 0) }
  return exists(parts) ? parts : undefined
}

/** Whether there is such a day and time, in the years 1–9999 */
export function exists({ year, month, day, hour, minute, second }: DateParts): boolean {
  const days = month === 2 && isLeap(year) ? 29 : (DAYS[month - 1] ?? 0)
  return year >= 1 && day >= 1 && day <= days && hour <= 23 && minute <= 59 && second <= 59
}

export function formatDate({ year, month, day, hour, minute, second, microsecond }: DateParts): string {
  const date = `${pad(year, 4)}-${pad(month)}-${pad(day)} ${pad(hour)}:${pad(minute)}:${pad(second)}`
  return microsecond === 0 ? date : `${date}.${pad(microsecond, 6)}`
}

/** Milliseconds since 1970, UTC, cut to whole ones */
export function dateMillis({ year, month, day, hour, minute, second, microsecond }: DateParts): Millis {
  // days of the years before, counted from March so that the leap day is a year's last
  const [y, m] = month > 2 ? [year, month - 3] : [year - 1, month + 9]
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400)
  const days = 365 * y + leapDays + Math.floor((153 * m + 2) / 5) + day - 1 - 719_468
  return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1_000 + Math.floor(microsecond / 1_000)
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, '0')
}
