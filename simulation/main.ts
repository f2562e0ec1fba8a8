/** `pnpm simulate [scenario…]`: the engines on a virtual network; what each scenario expects passes or fails. */
import { parseArgs } from 'node:util'
import { Report } from './src/experiment.ts'
import { experiments } from './src/experiments.ts'

const HELP = `Usage: pnpm simulate [options] [scenario…]

Runs the production engines on a deterministic virtual network, and the experiments of the papers, and checks what each
of them expects. Tables are printed; JSON and SVG files go to a folder.

Scenarios:
${experiments.map(({ name, summary }) => `  ${name.padEnd(16)}${summary}`).join('\n')}

Without a name all run but those marked (apart).

Options:
  --seed <n>      another seed than the scenario's own
  --out <folder>  for JSON and SVG files (default: simulation/results)
  --help          this text

Examples:
  pnpm simulate                       all scenarios
  pnpm simulate gossip-200 --seed 7   one of them, with another seed
`

const { values, positionals } = parseArgs({
  options: {
    seed: { type: 'string' },
    out: { type: 'string', default: new URL('results', import.meta.url).pathname },
    help: { type: 'boolean' }
  },
  allowPositionals: true
})
const unknown = positionals.filter((name) => experiments.every((each) => each.name !== name))
const chosen = experiments.filter(({ name, apart }) =>
  positionals.length > 0 ? positionals.includes(name) : apart !== true
)

if (values.help === true) {
  console.log(HELP)
} else if (unknown.length > 0) {
  console.error(`no scenario ${unknown.join(', ')}; there are ${experiments.map(({ name }) => name).join(', ')}`)
  process.exitCode = 2
} else {
  const report = new Report(values.out, (line) => console.log(line))

  for (const { name, run } of chosen) {
    const start = performance.now()
    console.log(`\n${name}`)
    await run(report, values.seed === undefined ? undefined : Number(values.seed))
    console.log(`${name} took ${((performance.now() - start) / 1_000).toFixed(1)} s`)
  }

  process.exitCode = report.close()
}
