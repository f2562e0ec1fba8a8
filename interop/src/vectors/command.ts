import { writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { closingLine } from '../../../scripts/command-line.ts'
import { problemOf } from './case.ts'
import { fileText, generate } from './generate/all.ts'
import { readVectorFile } from './read-file.ts'
import { hashProblems, ownFiles, writeHashes } from './spec-hashes.ts'

/** What the shell sees: all passed, something failed, or asked for the wrong way. */
export const ExitCode = { OK: 0, FAILED: 1, USAGE: 2 } as const

const OWN = fileURLToPath(new URL('../../vectors', import.meta.url))

const HELP = `Usage: pnpm vectors [file…]

Checks that the packages of this workspace do what vector files say; without a file, the project's own
(interop/vectors/*.json and those of the originals), and that docs/specs/ has their SHA-256. What is in a file but not
ours to pass or fail is listed. Each case that fails is named.

Options:
  --generate   write interop/vectors/*.json anew, from our codecs and the originals, and all SHA-256 into docs/specs/
  -h, --help   this text

Examples:
  npx -y pnpm@12 vectors                          the project's own files
  npx -y pnpm@12 vectors --generate               after a change of a codec; the same each time
  npx -y pnpm@12 vectors ../gossip.json           a file of the same format
  npx -y pnpm@12 vectors gossip.json rsa.json     two of them

Exit codes: 0 all passed, 1 something failed, 2 a wrong option.`

/**
 * The `vectors` command.
 *
 * @param print - takes one line
 * @returns the exit code
 */
export async function vectors(args: string[], print: (line: string) => void): Promise<number> {
  let options

  try {
    options = parseArgs({
      args,
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' }, generate: { type: 'boolean' } }
    })
  } catch (err) {
    print(`vectors: ${(err as Error).message} (--help shows what there is)`)
    return ExitCode.USAGE
  }

  if (options.values.help === true) {
    print(HELP)
    return ExitCode.OK
  }

  if (options.values.generate === true) {
    await writeFiles(print)
  }

  const count = { passed: 0, failed: 0 }

  for (const path of options.positionals.length === 0 ? ownFiles() : options.positionals) {
    await checkFile(path, count, print)
  }

  if (options.positionals.length === 0) {
    checkHashes(count, print)
  }

  print(closingLine(count))
  return count.failed === 0 ? ExitCode.OK : ExitCode.FAILED
}

async function writeFiles(print: (line: string) => void): Promise<void> {
  for (const [name, all] of Object.entries(await generate())) {
    writeFileSync(join(OWN, name), fileText(all))
    print(`${shownPath(join(OWN, name))}: ${all.length} cases written`)
  }

  writeHashes()
}

function checkHashes(count: { passed: number; failed: number }, print: (line: string) => void): void {
  const problems = hashProblems()
  problems.forEach((problem) => print(`  FAILED ${problem}: run "npx -y pnpm@12 vectors --generate"`))
  count.failed += problems.length
  count.passed += problems.length === 0 ? 1 : 0
}

async function checkFile(
  path: string,
  count: { passed: number; failed: number },
  print: (line: string) => void
): Promise<void> {
  const shown = shownPath(path)
  const { protocol, cases } = await readVectorFile(path)
  const notOurs = cases.filter(({ check }) => check === undefined).map(({ name }) => name)
  print(`${shown}: ${protocol ?? 'unknown'}, ${cases.length - notOurs.length} cases`)

  if (notOurs.length > 0) {
    print(`  not ours: ${notOurs.join('; ')}`)
  }

  for (const each of cases) {
    const problem = await problemOf(each)

    if (problem !== undefined) {
      count.failed++
      print(`  FAILED ${shown} ${each.name}: ${problem}`)
    } else if (each.check !== undefined) {
      count.passed++
    }
  }
}

/** Relative where that is shorter, as one would type it */
function shownPath(path: string): string {
  const short = relative(process.cwd(), path)
  return short.length < path.length ? short : path
}
