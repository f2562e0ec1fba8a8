/** Messages `size · type · body`: made by our codecs, and those of the originals. */
import { framed, fixedPrefix } from '@hearsay/protocol-core/pure'
import { fieldsOf, toHex } from '../frames.ts'
import { has, hex, object, text } from '../json.ts'
import { entries } from './originals.ts'
import type { Dialect } from '../frames.ts'
import type { JsonObject } from '../json.ts'
import type { Vector } from '../messages/vector.ts'

const PREFIX = fixedPrefix(2, { inclusive: true })

/** Messages of ours by what is said of them, each encoded by its dialect's codec */
export function encodedFrames<Message extends { type: string }>(
  dialect: Dialect<Message>,
  messages: Readonly<Record<string, Message>>
): Vector[] {
  return Object.entries(messages).map(([name, message]) => {
    const bytes = framed(PREFIX, dialect.encode(message))
    return { name, hex: toHex(bytes), fields: fieldsOf(dialect, bytes, message), ok: true }
  })
}

/** Frames that an original understands, with the fields we know under its names and ours */
export function originalFrames<Message extends { type: string }>(
  dialect: Dialect<Message>,
  section: JsonObject[]
): Vector[] {
  const frames = section.filter((entry) => has(entry, 'hex'))
  return frames.map((entry) => {
    const bytes = hex(entry, 'hex')
    const own = fieldsOf(dialect, bytes, dialect.decode(bytes.subarray(2)))
    const fields = { ...own, ...object(entry['fields'], 'fields') }
    return { name: `original: ${text(entry, 'label')}`, hex: text(entry, 'hex'), fields, ok: true }
  })
}

/** What ends a stream at once, from sections of such cases */
export function refusedFrames(...sections: JsonObject[][]): Vector[] {
  return sections.flat().flatMap((entry) => {
    const expected = text(entry, has(entry, 'expected') ? 'expected' : 'expect')
    const vector: Vector = { name: text(entry, 'label'), hex: text(entry, 'hex'), errorName: 'DecodeError' }
    return expected.startsWith('close') ? [vector] : []
  })
}

/** Cuts and additions: what a size may not be. @param whole - frames by name */
export function resized(whole: Readonly<Record<string, string>>, sizes: readonly number[]): Vector[] {
  return Object.entries(whole).flatMap(([name, frame]) =>
    sizes.map((size) => {
      const body = Buffer.concat([Buffer.from(frame, 'hex').subarray(2), Buffer.alloc(64)]).subarray(0, size - 2)
      const bytes = framed(PREFIX, Uint8Array.from(body))
      return { name: `${name} of ${size} bytes`, hex: toHex(bytes), errorName: 'DecodeError' } satisfies Vector
    })
  )
}

export function originalSection(content: JsonObject, name: string): JsonObject[] {
  return entries(content[name])
}
