import { object } from './json.ts'
import { notOurs } from './not-ours.ts'
import type { Case, Sections } from './case.ts'
import type { Json, JsonObject } from './json.ts'

/**
 * All cases of a file, in its order. A section nobody knows is a case that fails; within a section, a value that is
 * neither array nor object is a remark, and not ours.
 *
 * @param path - of the section these are in, with a dot at its end
 */
export function casesOf(content: JsonObject, sections: Sections, path = ''): Case[] {
  return Object.entries(content).flatMap(([key, section]) => {
    const name = path + key
    const checker = Object.hasOwn(sections, key) ? sections[key] : undefined

    if (checker === undefined) {
      const isKnown = notOurs.has(name) || (path !== '' && isRemark(section))
      return [isKnown ? { name } : failing(name, 'no package of ours checks this section')]
    }

    try {
      const cases =
        typeof checker === 'function'
          ? checker(section, content).map((each) => ({ ...each, name: name + each.name }))
          : casesOf(object(section, 'the section'), checker, `${name}.`)
      return cases.length === 0 ? [failing(name, 'the section is empty')] : cases
    } catch (err) {
      return [failing(name, (err as Error).message)]
    }
  })
}

/** A case that fails for this reason, whatever our packages do */
export function failing(name: string, reason: string): Case {
  return {
    name,
    check: () => {
      throw new Error(reason)
    }
  }
}

function isRemark(value: Json): boolean {
  return typeof value !== 'object' || value === null
}
