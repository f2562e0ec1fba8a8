/** `pnpm attack`: hostile bytes against every codec, and hostile peers against the engines. */
import { runLab } from './src/attack/experiment.ts'
import { scenarios } from './src/attack/scenarios.ts'
import { runScenarios } from './src/command.ts'
import { runRecordsLab } from './src/attack/records-experiment.ts'
import { recordsScenarios } from './src/attack/records-scenarios.ts'
import { attackCodec, targets } from './src/hostile-codecs.ts'

const list = (all: readonly { name: string; what: string }[]): string =>
  all.map(({ name, what }) => `  ${name.padEnd(20)}${what}`).join('\n')

const HELP = `Usage: pnpm attack [options] [scenario…]

Damaged frames against every codec, and attacks on simulated networks: our engines, and beside them the protocols they
are compared with. What our engines must withstand passes or fails.

Scenarios that spread payloads (gossip and SHOUT):
${list(scenarios)}

Scenarios of users and their records (CUP2PY):
${list(recordsScenarios)}

Options:
  --frames <n>    damaged frames for each codec (default 1000000)
  --seed <n>      what to repeat (default: 1)
  --out <folder>  for JSON and SVG files (default: simulation/results)
  --help          this text
`

await runScenarios({
  name: 'attack',
  help: HELP,
  scenarios: [...new Set([...scenarios, ...recordsScenarios].map(({ name }) => name))],
  frames: 1_000_000,
  run({ names, seed = 1, frames, report }) {
    for (const target of names.length === 0 ? targets : []) {
      const problem = attackCodec(target, frames, seed)
      const found = `${problem}; replay with --seed ${seed}`
      report.check(`T1 ${target.name}: only DecodeError from ${frames} damaged frames`, problem === undefined, found)
    }

    const only = names.length > 0 ? names : undefined
    runRecordsLab(report, seed, only)

    if (only === undefined || scenarios.some(({ name }) => only.includes(name))) {
      runLab(report, seed, only)
    }
  }
})
