import { printable } from '@hearsay/protocol-core/pure'
import { expect, it } from 'vitest'

it('text of strangers is in one line, and says nothing to a terminal', () => {
  expect(printable('é 漢 🦊 "x"')).toBe('é 漢 🦊 "x"')
  expect(printable('a\u001b[2Jb\r\nc\u009bd\u2028e\u202ef\u2067g')).toBe('a�[2Jb��c�d�e�f�g')
})
