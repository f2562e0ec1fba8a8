import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { isObject } from './json.ts'
import { vectorCases } from './messages/check.ts'
import { readers } from './messages/readers.ts'
import { protocols } from './protocols.ts'
import { casesOf, failing } from './sections.ts'
import type { Case, Protocol, Sections } from './case.ts'
import type { Json, JsonObject } from './json.ts'

/** A file and what it says. One that cannot be read says one thing, which fails. */
export interface VectorFile {
  /** Undefined when its format is unknown */
  protocol: string | undefined
  cases: Case[]
}

export async function readVectorFile(path: string): Promise<VectorFile> {
  try {
    const [name, value] = [basename(path), JSON.parse(await readFile(path, 'utf8')) as Json]

    if (Array.isArray(value) && Object.hasOwn(readers, name)) {
      const cases = vectorCases(name, value)
      return {
        protocol: name.replace('.json', ''),
        cases: cases.length > 0 ? cases : [failing('the file', 'it is empty')]
      }
    }

    const content = sectionsIn(value)
    const protocol = recognise(content)
    return { protocol: protocol.name, cases: casesOf(content, protocol.sections) }
  } catch (err) {
    return { protocol: undefined, cases: [failing('the file', readable(err as NodeJS.ErrnoException))] }
  }
}

function sectionsIn(content: Json): JsonObject {
  if (!isObject(content)) {
    throw new Error('its JSON is not an object with sections')
  }

  return content
}

/**
 * The protocol that has most of the file's sections, of the form it has them in
 *
 * @throws {Error} when there is none, or more than one
 */
export function recognise(content: JsonObject): Protocol {
  const known = ({ sections }: Protocol): number =>
    Object.entries(content).reduce((sum, [name, section]) => sum + familiarity(sections, name, section, content), 0)
  const [best, ...others] = protocols.toSorted((a, b) => known(b) - known(a))

  if (best === undefined || known(best) === 0) {
    const names = protocols.map(({ name }) => name).join(', ')
    throw new Error(`unknown format: it has no section of ${names}`)
  } else if (others[0] !== undefined && known(others[0]) === known(best)) {
    throw new Error(`unknown format: its sections are as much those of ${best.name} as of ${others[0].name}`)
  }

  return best
}

/** Two protocols may have a section of the same name: 2 where its form fits too */
function familiarity(sections: Sections, name: string, section: Json, content: JsonObject): number {
  const checker = Object.hasOwn(sections, name) ? sections[name] : undefined

  if (typeof checker !== 'function') {
    return checker === undefined ? 0 : 2
  }

  try {
    checker(section, content)
    return 2
  } catch {
    return 1
  }
}

function readable(err: NodeJS.ErrnoException): string {
  switch (err.code) {
    case 'ENOENT':
      return 'it does not exist'
    case 'EISDIR':
      return 'it is a directory'
    case undefined:
      return err instanceof SyntaxError ? `it is not JSON: ${err.message}` : err.message
    default:
      return `it cannot be read: ${err.message}`
  }
}
