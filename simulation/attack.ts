/** `pnpm attack`: hostile bytes against every codec, and hostile peers against the engines. */
import { parseArgs } from 'node:util'
import { attackCodec } from './src/attack/codec.ts'
import { runLab } from './src/attack/experiment.ts'
import { scenarios } from './src/attack/scenarios.ts'
import { Report } from './src/experiment.ts'

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

const { values, positionals } = parseArgs({
  options: {
    frames: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: new URL('results', import.meta.url).pathname },
    help: { type: 'boolean' }
  },
  allowPositionals: true
})
const unknown = positionals.filter((name) => scenarios.every((each) => each.name !== name))

if (values.help === true) {
  console.log(HELP)
} else if (unknown.length > 0) {
  console.error(`no scenario ${unknown.join(', ')}; there are ${scenarios.map(({ name }) => name).join(', ')}`)
  process.exitCode = 2
} else {
  const seed = Number(values.seed)
  const report = new Report(values.out, (line) => console.log(line))

  if (positionals.length === 0) {
    const problem = attackCodec(Number(values.frames), seed)
    const found = `${problem}; replay with --seed ${seed}`
    report.check(`T1 gossip codec: only DecodeError from ${values.frames} damaged frames`, problem === undefined, found)
  }

  runLab(report, seed, positionals.length > 0 ? positionals : undefined)
  process.exitCode = report.close()
}
