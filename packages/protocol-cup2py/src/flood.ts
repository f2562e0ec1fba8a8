/**
 * Whom a request goes on to, and the list it carries.
 *
 * @see docs/specs/cup2py.md#requests
 */
import { MAX_CHECKED, MAX_FRAME_BYTES } from './constants.ts'
import { recordText } from './record.ts'
import type { UserRecord } from './record.ts'
import type { Cup2pyConfig } from './contract.ts'
import type { Recipient } from './users.ts'

const ENTRY_BYTES = 65
/** Type, searched hash, depth and separators, rounded up */
const HEAD_BYTES = 256
/** Of a UTF-16 code unit in UTF-8, at most */
const MAX_UNIT_BYTES = 3

/** The list of a request that we send on; what does not fit leaves at its beginning */
export function extendList(
  checked: readonly string[],
  self: string,
  recipients: readonly Recipient[],
  record: UserRecord,
  kind: Cup2pyConfig['checkedList']
): string[] {
  const told = kind === 'recipients' ? recipients.flatMap(({ hashes }) => hashes) : []
  const room = Math.floor((MAX_FRAME_BYTES - HEAD_BYTES - MAX_UNIT_BYTES * recordText(record).length) / ENTRY_BYTES)
  const list = [...checked, self, ...told]
  return list.slice(Math.max(0, list.length - Math.min(MAX_CHECKED, Math.max(0, room))))
}
