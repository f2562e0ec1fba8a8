import { same } from '../case.ts'
import { list } from '../json.ts'
import { bytesOf, readVector, Refusal } from './vector.ts'
import { readers } from './readers.ts'
import type { Case } from '../case.ts'
import type { Json } from '../json.ts'
import type { Reader, Vector } from './vector.ts'

/**
 * The vectors of a file, as cases
 *
 * @param name - of the file, which says what it is about
 */
export function vectorCases(name: string, content: Json): Case[] {
  const read = readers[name]!
  return list(content, 'the file').map((value, index) => {
    const label = Object(value) as { name?: unknown }
    return {
      name: `[${index}] ${typeof label.name === 'string' ? label.name : ''}`.trimEnd(),
      check: async () => checkVector(read, readVector(value))
    }
  })
}

/** @throws {Error} when our packages do not do what it says */
export async function checkVector(read: Reader, vector: Vector): Promise<void> {
  // so that whatever a reader refuses, it is not for a mistake in the file
  bytesOf(vector)
  const outcome = await Promise.resolve(vector).then(read).catch(refused)

  if (vector.errorName !== undefined) {
    same('what became of it', outcome instanceof Refusal ? outcome.errorName : 'taken', vector.errorName)
  } else if (outcome instanceof Refusal) {
    throw new Error(`refused: ${outcome.message}`, { cause: outcome })
  } else {
    same('the names of its fields', Object.keys(outcome).toSorted(), Object.keys(vector.fields!).toSorted())
    Object.entries(vector.fields!).forEach(([name, value]) => same(name, outcome[name], value))
  }
}

function refused(err: unknown): Refusal {
  if (err instanceof Refusal) {
    return err
  }

  throw err
}
