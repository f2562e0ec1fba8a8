import { parseArgs } from 'node:util'
import { closingLine } from '../../../scripts/command-line.ts'
import { checks } from './checks.ts'
import { Line } from './line.ts'
import type { Check } from './checks.ts'

/** What the shell sees: all passed, something failed, or asked for the wrong way; or 128 and the signal's number. */
export const ExitCode = { OK: 0, FAILED: 1, USAGE: 2, SIGINT: 130, SIGTERM: 143 } as const

const HELP = `Usage: node interop/three-nodes.ts [main.js]

Runs three hearsay nodes in a line A–B–C on this machine, with a plain TCP client at each, and shows how an announce of
A's client reaches C's only with the consent of B's; what bad clients and bad peers get; and that the line heals.

  main.js      the program to run; without it, the one built from this workspace

Options:
  -h, --help   this text

Examples:
  npx -y pnpm@12 build && node interop/three-nodes.ts
  node interop/three-nodes.ts node_modules/@hearsay/node/dist/cli/main.js

Exit codes: 0 all passed, 1 something failed, 2 a wrong option, 130 or 143 when it was interrupted.`

/**
 * The demonstration, with its progress for whoever watches.
 *
 * @param print - takes one line
 * @returns the exit code
 */
export async function threeNodes(args: string[], print: (line: string) => void): Promise<number> {
  let options

  try {
    options = parseArgs({ args, allowPositionals: true, options: { help: { type: 'boolean', short: 'h' } } })
  } catch (err) {
    print(`three-nodes: ${(err as Error).message} (--help shows what there is)`)
    return ExitCode.USAGE
  }

  if (options.values.help === true) {
    print(HELP)
    return ExitCode.OK
  }

  const interrupted = new AbortController()
  const onSignal = (signal: NodeJS.Signals): void => interrupted.abort(signal)
  // not once: a second Ctrl-C would end this process before it ended its children
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  const failed = await runAll(options.positionals[0], interrupted.signal, print)
  process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  return interrupted.signal.aborted
    ? ExitCode[interrupted.signal.reason as 'SIGINT' | 'SIGTERM']
    : failed === 0
      ? ExitCode.OK
      : ExitCode.FAILED
}

/** @returns how many checks failed */
async function runAll(main: string | undefined, signal: AbortSignal, print: (line: string) => void): Promise<number> {
  const began = performance.now()
  const say = (text: string): void =>
    print(`${((performance.now() - began) / 1_000).toFixed(2).padStart(6)} s  ${text}`)
  const line = new Line({ main, say: (text) => say(`  ${text}`), signal })
  const count = { passed: 0, failed: 0 }

  try {
    for (const check of checks) {
      say(check.name)

      try {
        await attempt(check, line)
        count.passed++
        say('  passed')
      } catch (err) {
        count.failed++
        say(`  FAILED ${check.name}: ${(err as Error).message}`)
      }

      if (signal.aborted) {
        break
      }
    }
  } finally {
    line.dispose()
  }

  print(closingLine(count))
  return count.failed
}

/** @throws {Error} when it fails, with the nodes' logs in the message */
export async function attempt({ run }: Check, line: Line): Promise<void> {
  try {
    line.signal.throwIfAborted()
    await run(line)
  } catch (err) {
    if (line.signal.aborted) {
      throw new Error(`interrupted by ${String(line.signal.reason)}`, { cause: err })
    }

    throw new Error(`${(err as Error).message}\n${line.tails()}`.trimEnd(), { cause: err })
  }
}
