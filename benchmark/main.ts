/** `pnpm bench [name…]`: measured side by side in one run, interleaved rounds, medians; each target passes or fails. */
import { checkNames, closingLine, ExitCode, integerOption, readArguments, runCommand } from '../scripts/command-line.ts'
import { benchCup2py } from './src/cup2py.ts'
import { benchDigest } from './src/digest.ts'
import { benchGossip } from './src/gossip.ts'
import { benchProofOfWork } from './src/proof-of-work.ts'
import { benchShout } from './src/shout.ts'
import type { Comparison } from './src/gossip.ts'

const HELP = `Usage: pnpm bench [options] [name…]

Names: pow, digest, gossip, shout, cup2py (which needs python3 with the package rsa). Without one, all.

Options:
  --rounds <n>  interleaved rounds, medians are of these (default 5)
  --help        this text
`

const benchmarks = new Map<string, (rounds: number, print: (line: string) => void) => Promise<Comparison[]>>([
  ['pow', benchProofOfWork],
  ['digest', benchDigest],
  ['gossip', benchGossip],
  ['shout', benchShout],
  ['cup2py', benchCup2py]
])

async function run(names: readonly string[], rounds: number): Promise<boolean> {
  const all: Comparison[] = []

  for (const name of names) {
    console.log(`${name}:`)
    all.push(...(await benchmarks.get(name)!(rounds, (line) => console.log(line))))
  }

  const passed = all.filter(({ ratio, target }) => ratio >= target)
  all.forEach((each) =>
    console.log(
      `${passed.includes(each) ? 'pass' : 'FAIL'} ${each.ratio.toFixed(1)} x, target ${each.target} x: ${each.what}`
    )
  )
  console.log(closingLine({ passed: passed.length, failed: all.length - passed.length }))
  return passed.length === all.length
}

await runCommand('bench', async () => {
  const { values, positionals } = readArguments({
    options: { rounds: { type: 'string', default: '5' }, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true
  })

  if (values.help === true) {
    console.log(HELP)
    return ExitCode.OK
  }

  checkNames('benchmark', positionals, [...benchmarks.keys()])
  const rounds = integerOption('--rounds', values.rounds, 1, 1_000)
  const passed = await run(positionals.length > 0 ? positionals : [...benchmarks.keys()], rounds)
  return passed ? ExitCode.OK : ExitCode.FAILED
})
