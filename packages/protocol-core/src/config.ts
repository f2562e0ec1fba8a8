import { InvalidParametersError } from './errors.ts'

/** Lowest and highest value allowed, both included */
export type Range = readonly [lowest: number, highest: number]

/**
 * An init object over its defaults. `undefined` means "the default", as if the key were absent.
 *
 * @param ranges - the integers allowed for numeric options
 * @throws {InvalidParametersError} on an unknown key, a wrong type, or a number that is no integer in its range
 */
export function withDefaults<T extends object>(
  defaults: T,
  init: Partial<{ [K in keyof T]: T[K] | undefined }>,
  ranges: Partial<Record<keyof T, Range>> = {}
): T {
  const config = { ...defaults }

  for (const [name, value] of Object.entries(init)) {
    if (!Object.hasOwn(defaults, name)) {
      throw new InvalidParametersError(name, `is no option; known are ${Object.keys(defaults).join(', ')}`)
    }

    if (value !== undefined) {
      checkType(name, value, defaults[name as keyof T])
      config[name as keyof T] = value as T[keyof T]
    }
  }

  for (const [name, range] of Object.entries(ranges)) {
    checkRange(name, config[name as keyof T], range as Range)
  }

  return config
}

function checkType(name: string, value: unknown, example: unknown): void {
  if (example !== undefined && (typeof value !== typeof example || Array.isArray(value) !== Array.isArray(example))) {
    const wanted = Array.isArray(example) ? 'a list' : `a ${typeof example}`
    throw new InvalidParametersError(name, `must be ${wanted}, and is ${JSON.stringify(value) ?? typeof value}`)
  }
}

/** @throws {InvalidParametersError} unless the value is an integer within the range */
export function checkRange(name: string, value: unknown, [lowest, highest]: Range): void {
  if (!Number.isSafeInteger(value) || (value as number) < lowest || (value as number) > highest) {
    throw new InvalidParametersError(name, `must be an integer from ${lowest} to ${highest}, and is ${String(value)}`)
  }
}
