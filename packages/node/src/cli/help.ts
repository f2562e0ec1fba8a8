/** What `--help` says after the options. */
import { ExitCode } from './command.ts'
import type { CommandSpec } from './command.ts'

export const START_EXAMPLES = `
Examples:
  hearsay start                                       port 6001, APIs on 127.0.0.1:7001 (gossip) and 7401 (DHT)
  hearsay start --peer /ip4/192.0.2.1/tcp/6001        join a network through a peer you know
  hearsay start --json --gossip-api 127.0.0.1:0 \\
                --listen /ip4/127.0.0.1/tcp/0         free ports; the first line on stdout says which
  hearsay start --config node.toml --degree 5         a file, and a flag that goes before it
  HEARSAY_DEGREE=5 hearsay start                      every option is an environment variable too
`

export const programHelp = `${START_EXAMPLES}  hearsay chat                                        talk with whoever is there
  hearsay status                                      how the node that runs is
  hearsay doctor                                      what is wrong on this machine, and how to mend it

Exit codes of every command: ${ExitCode.OK} done, ${ExitCode.FAILED} could not be done, ${ExitCode.USAGE} a wrong option or configuration,
${ExitCode.NO_NODE} no node runs that could do it.
`

export function helpAfter(spec: CommandSpec): string {
  return (spec.name === 'start' ? START_EXAMPLES : examplesOf(spec)) + exitCodesOf(spec)
}

function examplesOf({ examples, name }: CommandSpec): string {
  const lines = examples.map(([args, what]) => [`  hearsay ${name} ${args}`.trimEnd(), what] as const)
  const width = Math.max(...lines.map(([line]) => line.length))
  return `\nExamples:\n${lines.map(([line, what]) => `${line.padEnd(width)}   ${what}\n`).join('')}`
}

function exitCodesOf({ failure, asksNode, name }: CommandSpec): string {
  const done = name === 'start' ? 'stopped when told to' : 'done'
  const noNode = asksNode ? `, ${ExitCode.NO_NODE} no node runs with this data directory` : ''
  const usage = `${ExitCode.USAGE} a wrong option or configuration`
  return `\nExit codes: ${ExitCode.OK} ${done}, ${ExitCode.FAILED} ${failure}, ${usage}${noNode}.\n`
}
