/** `pnpm bench [name…]`: measured side by side in one run, interleaved rounds, medians; each target passes or fails. */
import { parseArgs } from 'node:util'
import { benchCup2py } from './src/cup2py.ts'
import { benchGossip } from './src/gossip.ts'
import { benchProofOfWork } from './src/proof-of-work.ts'
import type { Comparison } from './src/gossip.ts'

const HELP = `Usage: pnpm bench [options] [name…]

Names: pow, gossip, cup2py (which needs python3 with the package rsa). Without one, all.

Options:
  --rounds <n>  interleaved rounds, medians are of these (default 5)
  --help        this text
`

const benchmarks = new Map<string, (rounds: number, print: (line: string) => void) => Promise<Comparison[]>>([
  ['pow', benchProofOfWork],
  ['gossip', benchGossip],
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
  console.log(`${passed.length} passed, ${all.length - passed.length} failed`)
  return passed.length === all.length
}

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, help: { type: 'boolean' } },
  allowPositionals: true
})
const names = positionals.length > 0 ? positionals : [...benchmarks.keys()]
const unknown = names.filter((name) => !benchmarks.has(name))

if (values.help === true) {
  console.log(HELP)
} else if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; there are ${[...benchmarks.keys()].join(', ')}`)
  process.exitCode = 2
} else {
  process.exitCode = (await run(names, Number(values.rounds))) ? 0 : 1
}
