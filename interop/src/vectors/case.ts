import { isDeepStrictEqual } from 'node:util'
import { isObject, list, object, show } from './json.ts'
import type { Json, JsonObject } from './json.ts'

/** One thing a vector file says. */
export interface Case {
  /** Where in the file it stands, and its label */
  name: string
  /**
   * Absent when it is not ours: information, or about another program. It is listed, and never fails.
   *
   * @throws when our packages do not do what the file says
   */
  check?: () => void | Promise<void>
}

/** Makes cases of one section; `siblings` are the sections beside it, itself included. */
export type Checker = (section: Json, siblings: JsonObject) => Case[]

/** The sections of a protocol's files, and who checks them. Some have sections of their own. */
export interface Sections {
  readonly [name: string]: Checker | Sections
}

/** What a protocol adds to the `vectors` command. */
export interface Protocol {
  name: string
  sections: Sections
}

/** Each entry of a section that is an array, as a case */
export function each(check: (entry: JsonObject, siblings: JsonObject) => void | Promise<void>): Checker {
  return (section, siblings) =>
    list(section, 'the section').map((entry, index) => ({
      name: entryName(entry, index),
      check: () => check(object(entry, 'the case'), siblings)
    }))
}

/** `[3] PEER INFO` */
export function entryName(entry: Json, index: number): string {
  const label = isObject(entry) ? (entry['label'] ?? entry['source'] ?? entry['challengeHex']) : undefined
  return typeof label === 'string' ? `[${index}] ${label}` : `[${index}]`
}

/** @returns why it fails; undefined when it passes, or is not ours */
export async function problemOf({ check }: Case): Promise<string | undefined> {
  try {
    await check?.()
    return undefined
  } catch (err) {
    const { name, message } = err as Error
    return name === 'Error' ? message : `${name}: ${message}`
  }
}

/** @throws {Error} when they differ */
export function same(what: string, actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Error(`${what} is ${show(actual)}, and must be ${show(expected)}`)
  }
}
