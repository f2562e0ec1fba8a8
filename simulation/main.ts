/** `pnpm simulate [scenario…]`: the engines on a virtual network; what each scenario expects passes or fails. */
import { checkNames, ExitCode, integerOption, readArguments, runCommand } from '../scripts/command-line.ts'
import { Report } from './src/experiment.ts'
import { experiments } from './src/experiments.ts'

const HELP = `Usage: pnpm simulate [options] [scenario…]

Runs the production engines on a deterministic virtual network, and the experiments of the papers, and checks what each
of them expects. Tables are printed; JSON and SVG files go to a folder.

Scenarios:
${experiments.map(({ name, summary }) => `  ${name.padEnd(18)}${summary}`).join('\n')}

Without a name all run but those marked (apart).

Options:
  --seed <n>      another seed than the scenario's own
  --out <folder>  for JSON and SVG files (default: simulation/results)
  --help          this text

Examples:
  pnpm simulate                       all scenarios
  pnpm simulate gossip-200 --seed 7   one of them, with another seed
`

await runCommand('simulate', async () => {
  const { values, positionals } = readArguments({
    options: {
      seed: { type: 'string' },
      out: { type: 'string', default: new URL('results', import.meta.url).pathname },
      help: { type: 'boolean', short: 'h' }
    },
    allowPositionals: true
  })

  if (values.help === true) {
    console.log(HELP)
    return ExitCode.OK
  }

  checkNames(
    'scenario',
    positionals,
    experiments.map(({ name }) => name)
  )
  const seed = values.seed === undefined ? undefined : integerOption('--seed', values.seed, 0, Number.MAX_SAFE_INTEGER)
  const report = new Report(values.out, (line) => console.log(line))
  const chosen = experiments.filter(({ name, apart }) =>
    positionals.length > 0 ? positionals.includes(name) : apart !== true
  )

  for (const { name, run } of chosen) {
    const start = performance.now()
    console.log(`\n${name}`)
    await run(report, seed)
    console.log(`${name} took ${((performance.now() - start) / 1_000).toFixed(1)} s`)
  }

  return report.close()
})
