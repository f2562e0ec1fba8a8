/** Text of strangers, for a terminal. */
import { printable } from '@hearsay/protocol-core/pure'

export { printable }

/** What a value of shout is to a reader: texts as they are, all else as JSON */
export function valueText(value: unknown): string {
  return printable(typeof value === 'string' ? value : JSON.stringify(value))
}

/** Of a user hash, what a person tells users apart by */
export function shortUser(hash: string): string {
  return hash.slice(0, 8)
}
