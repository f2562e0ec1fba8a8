/** `pnpm simulate [scenario…]`: the engines on a virtual network; what each scenario expects passes or fails. */
import { runScenarios } from './src/command.ts'
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

await runScenarios({
  name: 'simulate',
  help: HELP,
  scenarios: experiments.map(({ name }) => name),
  async run({ names, seed, report }) {
    const chosen = experiments.filter(({ name, apart }) => (names.length > 0 ? names.includes(name) : apart !== true))

    for (const { name, run } of chosen) {
      const start = performance.now()
      const { failed } = report
      report.line(`\n${name}`)
      await run(report, seed)

      if (report.failed > failed) {
        report.line(`replay: pnpm simulate ${name}${seed === undefined ? '' : ` --seed ${seed}`}`)
      }

      report.line(`${name} took ${((performance.now() - start) / 1_000).toFixed(1)} s`)
    }
  }
})
