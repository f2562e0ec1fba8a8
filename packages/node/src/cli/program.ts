import { readFileSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import { optionKeys, options } from '../config/options.ts'
import { ConfigError, StartError } from '../errors.ts'
import { stderrLog } from '../log.ts'
import { start } from './start.ts'
import type { ConfigSources } from '../config/load.ts'
import type { AnyOption, OptionKey } from '../config/options.ts'

/** What the shell sees: done, could not be done, or asked for the wrong way. */
export const ExitCode = { OK: 0, FAILED: 1, USAGE: 2 } as const

const EXAMPLES = `
Examples:
  hearsay start                                       port 6001, APIs on 127.0.0.1:7001 (gossip) and 7401 (DHT)
  hearsay start --peer /ip4/192.0.2.1/tcp/6001        join a network through a peer you know
  hearsay start --json --gossip-api 127.0.0.1:0 \\
                --listen /ip4/127.0.0.1/tcp/0         free ports; the first line on stdout says which
  hearsay start --config node.toml --degree 5         a file, and a flag that goes before it
  HEARSAY_DEGREE=5 hearsay start                      every option is an environment variable too
`

const EXIT_CODES = `
Exit codes: 0 stopped when told to, 1 could not run (a port is taken, say), 2 a wrong option or configuration.
`

/** @returns the exit code */
export async function run(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: 'user' })
    return ExitCode.OK
  } catch (err) {
    return exitCodeOf(err)
  }
}

function createProgram(): Command {
  const program = new Command('hearsay')
    .description('Find, inform and talk to people without a server.')
    .version(version())
    .exitOverride()
    .addHelpText('after', EXAMPLES)
  addStart(program)
  return program
}

function addStart(program: Command): void {
  const command = program
    .command('start')
    .description('run the node until SIGINT or SIGTERM')
    .addHelpText('after', EXAMPLES + EXIT_CODES)
  const flags = optionKeys.map((key) => [key, createOption(key)] as const)
  flags.forEach(([, option]) => command.addOption(option))
  command
    .option('--config <file>', 'TOML with these options as keys, or an .ini file of the gossip and DHT modules')
    .option('--json', 'first print one line of JSON: peerId, listen, gossipApi, dhtApi')
    .action(async (values: Record<string, unknown>) => {
      const given = flags.flatMap(([key, option]) => {
        const value = values[option.attributeName()]
        return value === undefined ? [] : [[key, value]]
      })
      const sources: ConfigSources = {
        flags: Object.fromEntries(given) as ConfigSources['flags'],
        env: process.env,
        file: values['config'] as string | undefined
      }
      await start(sources, { json: values['json'] === true, log: stderrLog })
    })
}

/** Values are checked with those of files and variables, so commander only collects them */
function createOption(key: OptionKey): Option {
  const { kind, help, default: fallback }: AnyOption = options[key]
  const notes = [
    kind.list ? 'repeatable' : '',
    kind.range?.join('–') ?? '',
    fallback === undefined ? '' : `default ${kind.format(fallback)}`
  ].filter((note) => note !== '' && note !== 'default ')
  const option = new Option(`--${key} ${kind.metavar}`, notes.length === 0 ? help : `${help} (${notes.join(', ')})`)
  return kind.list ? option.argParser(collect) : option
}

function collect(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value]
}

/** A person's mistake is told in one line; a stack trace is for ours */
function exitCodeOf(err: unknown): number {
  if (err instanceof CommanderError) {
    // it has printed its message, or the help that was asked for
    return err.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE
  } else if (err instanceof ConfigError) {
    process.stderr.write(`hearsay: ${err.message}\n`)
    return ExitCode.USAGE
  }

  process.stderr.write(`hearsay: ${err instanceof StartError ? err.message : String((err as Error).stack)}\n`)
  return ExitCode.FAILED
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return manifest.version
}
