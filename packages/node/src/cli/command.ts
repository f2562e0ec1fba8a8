/** What a command is: `program.ts` makes the command line of a list of these. */
import type { NodeConfig, OptionKey } from '../config/options.ts'
import type { ConfigSources } from '../config/load.ts'
import type { ControlClient } from '../control/client.ts'

/** What the shell sees: done, could not be done, asked for the wrong way, and no node runs that could do it. */
export const ExitCode = { OK: 0, FAILED: 1, USAGE: 2, NO_NODE: 3 } as const

export interface CommandSpec {
  /** With a space, a command of a group: `key export` */
  name: string
  summary: string
  /** Each as `<name>`, or `[name]` where it may be left out, and what it is */
  args?: readonly (readonly [syntax: string, help: string])[]
  /** Each as `--name <value>` and what it is */
  options?: readonly (readonly [flags: string, help: string])[]
  /** Which options of `start` it takes, beside `--data-dir` */
  nodeOptions?: readonly OptionKey[]
  /** Each as arguments, and what they do */
  examples: readonly (readonly [args: string, what: string])[]
  /** When it exits with 1 */
  failure: string
  /** Whether it asks a running node */
  asksNode: boolean
  /** @returns the exit code, 0 unless given */
  run: (call: Call) => Promise<number | void>
}

/** One call of a command */
export interface Call {
  /** In the order of the spec; undefined where it was left out */
  args: readonly (string | undefined)[]
  /** By name, such as `passphrase-file` */
  options: Readonly<Record<string, string | boolean | undefined>>
  /** Flags, environment and file */
  sources: ConfigSources
  /** @throws {ConfigError} */
  config: () => NodeConfig
  /** @throws {NoNodeError} */
  connect: () => Promise<ControlClient>
  /** Tells the result: a line of JSON with `--json`, else the text */
  print: (value: unknown, text: string) => void
  /** Puts a result out as it is, once all of it is out */
  write: (content: string | Uint8Array) => Promise<void>
  /** Tells a person at a terminal what takes a while */
  progress: (text: string) => void
}

/** The person asked for something that cannot be: told in one line, exit code 2. */
export class UsageError extends Error {
  static override readonly name = 'UsageError'
  override readonly name = 'UsageError'
}

/** It could not be done: told in one line, exit code 1. */
export class CommandError extends Error {
  static override readonly name = 'CommandError'
  override readonly name = 'CommandError'
}

/** Columns under headings; nothing but the headings when there are no rows */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows]
  const widths = headings.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}

/** @throws {UsageError} unless it is an integer from 0 to the highest */
export function numberOf(name: string, text: string, highest: number): number {
  if (!/^\d{1,15}$/.test(text) || Number(text) > highest) {
    throw new UsageError(`${name} must be an integer from 0 to ${highest}, and is ${JSON.stringify(text)}`)
  }

  return Number(text)
}
