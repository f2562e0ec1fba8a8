/** `pnpm attack`: hostile bytes against every codec, and hostile peers against the engines. */
import { checkNames, ExitCode, integerOption, readArguments, runCommand } from '../scripts/command-line.ts'
import { runLab } from './src/attack/experiment.ts'
import { scenarios } from './src/attack/scenarios.ts'
import { Report } from './src/experiment.ts'
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

await runCommand('attack', () => {
  const { values, positionals } = readArguments({
    options: {
      frames: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
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
    scenarios.map(({ name }) => name)
  )
  const frames = integerOption('--frames', values.frames, 1, 1_000_000_000)
  const seed = integerOption('--seed', values.seed, 0, Number.MAX_SAFE_INTEGER)
  const report = new Report(values.out, (line) => console.log(line))

  for (const target of positionals.length === 0 ? targets : []) {
    const problem = attackCodec(target, frames, seed)
    const found = `${problem}; replay with --seed ${seed}`
    report.check(`T1 ${target.name}: only DecodeError from ${frames} damaged frames`, problem === undefined, found)
  }

  if (positionals.length === 0) {
    const problem = searchBomb(seed)
    report.check('T7 a search among 1,000 users: at most a message an edge', problem === undefined, problem)
  }

  runLab(report, seed, positionals.length > 0 ? positionals : undefined)
  return report.close()
})
