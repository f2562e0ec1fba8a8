/** `pnpm attack`: hostile bytes against every codec, and hostile peers against the engines. */
import { runLab } from './src/attack/experiment.ts'
import { scenarios } from './src/attack/scenarios.ts'
import { runScenarios } from './src/command.ts'
import { searchBomb } from './src/cup2py-search.ts'
import { attackCodec, targets } from './src/hostile-codecs.ts'

const HELP = `Usage: pnpm attack [options] [scenario…]

Damaged frames against every codec, and attacks on simulated networks: our engine with twice its default degree, with
its defaults, and beside it the protocols it is compared with. What our engine must withstand passes or fails.

Scenarios:
${scenarios.map(({ name, what }) => `  ${name.padEnd(20)}${what}`).join('\n')}

Options:
  --frames <n>    damaged frames for each codec (default 1000000)
  --seed <n>      what to repeat (default: 1)
  --out <folder>  for JSON and SVG files (default: simulation/results)
  --help          this text
`

await runScenarios({
  name: 'attack',
  help: HELP,
  scenarios: scenarios.map(({ name }) => name),
  frames: 1_000_000,
  run({ names, seed = 1, frames, report }) {
    for (const target of names.length === 0 ? targets : []) {
      const problem = attackCodec(target, frames, seed)
      const found = `${problem}; replay with --seed ${seed}`
      report.check(`T1 ${target.name}: only DecodeError from ${frames} damaged frames`, problem === undefined, found)
    }

    if (names.length === 0) {
      const problem = searchBomb(seed)
      report.check('T7 a search among 1,000 users: at most a message an edge', problem === undefined, problem)
    }

    runLab(report, seed, names.length > 0 ? names : undefined)
  }
})
