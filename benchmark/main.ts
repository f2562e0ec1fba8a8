/** `pnpm bench [part…]`: measured side by side in one run, interleaved rounds, medians; each target passes or fails. */
import { checkNames, closingLine, ExitCode, integerOption, readArguments, runCommand } from '../scripts/command-line.ts'
import { passes } from './src/comparison.ts'
import { describeMachine } from './src/machine.ts'
import { Context } from './src/part.ts'
import { parts } from './src/parts.ts'
import { profileGossip } from './src/profile.ts'
import { ratioTable, save } from './src/report.ts'
import type { Part } from './src/part.ts'
import type { PartResult } from './src/report.ts'

const HELP = `Usage: pnpm bench [options] [part…]

Measures hearsay and what people would use instead side by side in one run, in interleaved rounds, and compares medians.
All nodes are in one process, over TCP on loopback; closed loops have 64 messages in flight. A table is printed, ratios
first; JSON and SVG files go to a folder. Each part takes less than 3 minutes, all of them less than 20.

Parts:
${parts.map(({ id, name, summary }) => `  ${id.padEnd(8)}${name.padEnd(14)}${summary}`).join('\n')}

Without one, all run.

Options:
  --rounds <n>    interleaved rounds, fewer where the time is up (default 5)
  --out <folder>  for JSON and SVG files (default: benchmark/results)
  --profile       measure nothing, and say which functions of gossip on two and ten nodes take the most time
  --help          this text

Examples:
  pnpm bench                       everything
  pnpm bench P1 P2 --rounds 1      two parts, quickly
`

async function runPart(part: Part, rounds: number): Promise<PartResult> {
  const context = new Context(rounds, (line) => console.log(line))
  const start = performance.now()
  console.log(`\n${part.id} ${part.name}: ${part.summary}`)
  const comparisons = await part.run(context)
  const seconds = (performance.now() - start) / 1_000
  console.log(`${part.id} took ${seconds.toFixed(0)} s`)
  return { part, comparisons, context, seconds }
}

function close(results: readonly PartResult[]): number {
  const all = results.flatMap(({ comparisons }) => comparisons)
  const leftOut = results.flatMap(({ context }) => context.leftOut)
  const passed = all.filter(passes).length
  console.log(`\n${ratioTable(results)}`)
  leftOut.forEach((line) => console.log(`left out: ${line}`))
  console.log(closingLine({ passed, failed: all.length - passed }))
  return passed === all.length ? ExitCode.OK : ExitCode.FAILED
}

await runCommand('bench', async () => {
  const { values, positionals } = readArguments({
    options: {
      rounds: { type: 'string', default: '5' },
      out: { type: 'string', default: new URL('results', import.meta.url).pathname },
      profile: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' }
    },
    allowPositionals: true
  })

  if (values.help === true) {
    console.log(HELP)
    return ExitCode.OK
  }

  if (values.profile === true) {
    await profileGossip((line) => console.log(line))
    return ExitCode.OK
  }

  checkNames('part', positionals, [...parts.map(({ id }) => id), ...parts.map(({ name }) => name)])
  const rounds = integerOption('--rounds', values.rounds, 1, 1_000)
  const chosen = parts.filter(
    ({ id, name }) => positionals.length === 0 || positionals.includes(id) || positionals.includes(name)
  )
  const machine = describeMachine()
  const results: PartResult[] = []

  for (const part of chosen) {
    const result = await runPart(part, rounds)
    save(values.out, machine, result)
    results.push(result)
  }

  return close(results)
})
