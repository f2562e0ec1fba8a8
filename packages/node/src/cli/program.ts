import { Command, CommanderError, Option } from 'commander'
import { loadConfig } from '../config/load.ts'
import { optionKeys, options } from '../config/options.ts'
import { VERSION } from '../version.ts'
import { ExitCode } from './command.ts'
import { commands } from './commands/index.ts'
import { helpAfter, programHelp } from './help.ts'
import { Terminal } from './terminal.ts'
import type { ConfigSources } from '../config/load.ts'
import type { AnyOption, OptionKey } from '../config/options.ts'
import type { Call, CommandSpec } from './command.ts'

/** Errors whose message says all to a person, with what the shell is told */
const EXIT_CODES: Readonly<Record<string, number>> = {
  ConfigError: ExitCode.USAGE,
  UsageError: ExitCode.USAGE,
  NoNodeError: ExitCode.NO_NODE,
  StartError: ExitCode.FAILED,
  CommandError: ExitCode.FAILED,
  ControlError: ExitCode.FAILED,
  KeyError: ExitCode.FAILED
}

/** @returns the exit code */
export async function run(args: readonly string[]): Promise<number> {
  let code: number = ExitCode.OK

  try {
    await createProgram((result) => (code = result)).parseAsync(args, { from: 'user' })
    return code
  } catch (err) {
    return exitCodeOf(err)
  }
}

function createProgram(onResult: (code: number) => void): Command {
  const program = new Command('hearsay')
    .description('Find, inform and talk to people without a server.')
    .version(VERSION)
    .exitOverride()
    .addHelpText('after', programHelp)
  commands.forEach((spec) => addCommand(program, spec, onResult))
  return program
}

function addCommand(program: Command, spec: CommandSpec, onResult: (code: number) => void): void {
  const words = spec.name.split(' ')
  const group = words.length === 1 ? program : groupOf(program, words[0]!)
  const command = group.command(words.at(-1)!).description(spec.summary).addHelpText('after', helpAfter(spec))
  const keys = optionKeys.filter((key) => key === 'data-dir' || spec.nodeOptions?.includes(key) === true)
  const flags = keys.map((key) => [key, createOption(key)] as const)
  spec.args?.forEach(([syntax, help]) => command.argument(syntax, help))
  flags.forEach(([key, option]) => {
    command.addOption(option)

    if (option.isBoolean()) {
      command.addOption(new Option(`--no-${key}`, `without ${key}`))
    }
  })
  command.option(
    '--config <file>',
    'TOML with the options of start as keys, or an .ini file of the gossip and DHT modules'
  )
  command.option('--json', spec.name === 'start' ? START_JSON : 'tell the result as JSON, one value a line')
  spec.options?.forEach(([syntax, help]) => command.option(syntax, help))
  command.action(async () => {
    const code = await spec.run(callOf(command, flags))
    onResult(code ?? ExitCode.OK)
  })
}

const START_JSON = 'first print one line of JSON: peerId, listen, gossipApi, dhtApi'

const GROUPS: Readonly<Record<string, string>> = {
  config: 'look at the configuration',
  record: 'who is where: records of users',
  dht: 'values on the DHT',
  key: 'keep and change the identity, and the key of the user'
}

function groupOf(program: Command, name: string): Command {
  return (
    program.commands.find((command) => command.name() === name) ?? program.command(name).description(GROUPS[name] ?? '')
  )
}

function callOf(command: Command, flags: readonly (readonly [OptionKey, Option])[]): Call {
  const values: Record<string, unknown> = command.opts()
  const given = flags.flatMap(([key, option]) => {
    const value = values[option.attributeName()]
    return value === undefined ? [] : [[key, value]]
  })
  const sources: ConfigSources = {
    flags: Object.fromEntries(given) as ConfigSources['flags'],
    env: process.env,
    file: values['config'] as string | undefined
  }
  const named = command.options.map((option) => [option.long?.slice(2), values[option.attributeName()]])
  const terminal = new Terminal(values['json'] === true)
  return {
    args: command.processedArgs as (string | undefined)[],
    options: Object.fromEntries(named) as Call['options'],
    sources,
    config: () => loadConfig(sources),
    connect: async () => {
      const { ControlClient } = await import('../control/client.ts')
      return ControlClient.connect(loadConfig(sources)['data-dir'])
    },
    print: (value, text) => terminal.print(value, text),
    write: async (content) => terminal.write(content),
    progress: (text) => terminal.progress(text)
  }
}

/** Values are checked with those of files and variables, so commander only collects them */
function createOption(key: OptionKey): Option {
  const { kind, help, default: fallback }: AnyOption = options[key]
  const notes = [
    kind.list ? 'repeatable' : '',
    kind.range?.join('–') ?? '',
    fallback === undefined ? '' : `default ${kind.format(fallback)}`
  ].filter((note) => note !== '' && note !== 'default ')
  const option = new Option(
    `--${key} ${kind.metavar}`.trim(),
    notes.length === 0 ? help : `${help} (${notes.join(', ')})`
  )
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
  }

  const { name, message, stack } = err as Error
  const code = EXIT_CODES[name]
  process.stderr.write(`hearsay: ${code === undefined ? stack : message}\n`)
  return code ?? ExitCode.FAILED
}
