/** How `simulate` and `attack` read what was typed. */
import {
  checkNames,
  ExitCode,
  integerOption,
  readArguments,
  runCommand,
  UsageError
} from '../../scripts/command-line.ts'
import { Report } from './experiment.ts'

/** What was asked for */
export interface Request {
  /** Names of scenarios; none for all */
  names: readonly string[]
  /** Undefined: each scenario's own */
  seed: number | undefined
  /** How often, for commands with `--frames` */
  frames: number
  report: Report
}

export interface CommandInit {
  name: string
  help: string
  /** The scenarios there are */
  scenarios: readonly string[]
  /** Default of `--frames`; without it there is no such option */
  frames?: number
  /** What the report closes with is the exit code */
  run: (request: Request) => void | Promise<void>
}

const MAX_FRAMES = 1_000_000_000

export async function runScenarios({ name, help, scenarios, frames, run }: CommandInit): Promise<void> {
  await runCommand(name, async () => {
    const { values, positionals } = readArguments({
      options: {
        seed: { type: 'string' },
        frames: { type: 'string' },
        out: { type: 'string', default: new URL('../results', import.meta.url).pathname },
        help: { type: 'boolean', short: 'h' }
      },
      allowPositionals: true
    })

    if (values.help === true) {
      console.log(help)
      return ExitCode.OK
    }

    if (frames === undefined && values.frames !== undefined) {
      throw new UsageError("Unknown option '--frames'")
    }

    checkNames('scenario', positionals, scenarios)
    const report = new Report(values.out, (line) => console.log(line))
    await run({
      names: positionals,
      seed: values.seed === undefined ? undefined : integerOption('--seed', values.seed, 0, Number.MAX_SAFE_INTEGER),
      frames: integerOption('--frames', values.frames ?? String(frames ?? 1), 1, MAX_FRAMES),
      report
    })
    return report.close()
  })
}
