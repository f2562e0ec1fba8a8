/** What all commands of the workspace do with their arguments. */
import { parseArgs } from 'node:util'
import type { ParseArgsConfig } from 'node:util'

/** What the shell sees: all passed, something failed, or asked for the wrong way. */
export const ExitCode = { OK: 0, FAILED: 1, USAGE: 2 } as const

/** The last line of everything here that checks something */
export function closingLine({ passed, failed }: { passed: number; failed: number }): string {
  return `${passed} passed, ${failed} failed`
}

/** A mistake of who typed the command. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

type Parsed<T extends ParseArgsConfig> = ReturnType<typeof parseArgs<T>>

/** @throws {UsageError} on an unknown option, and on names where none are taken */
export function readArguments<T extends ParseArgsConfig>(config: T): Parsed<T> {
  try {
    return parseArgs(config)
  } catch (err) {
    throw new UsageError((err as Error).message, { cause: err })
  }
}

/** @throws {UsageError} when it is no integer in this range */
export function integerOption(name: string, text: string, lowest: number, highest: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN

  if (!(number >= lowest && number <= highest)) {
    throw new UsageError(`${name} must be an integer from ${lowest} to ${highest}, and is "${text}"`)
  }

  return number
}

/** @throws {UsageError} when one of the names is not among those there are */
export function checkNames(what: string, names: readonly string[], there: readonly string[]): void {
  const unknown = names.filter((name) => !there.includes(name))

  if (unknown.length > 0) {
    throw new UsageError(`no ${what} ${unknown.join(', ')}; there are ${there.join(', ')}`)
  }
}

/** Runs a command; its exit code is what `main` returns, or that of a mistake of who typed it, told in one line */
export async function runCommand(name: string, main: () => number | Promise<number>): Promise<void> {
  try {
    process.exitCode = await main()
  } catch (err) {
    if (!(err instanceof UsageError)) {
      throw err
    }

    process.stderr.write(`${name}: ${err.message} (--help shows what there is)\n`)
    process.exitCode = ExitCode.USAGE
  }
}
