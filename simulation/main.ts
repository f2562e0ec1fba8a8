/** `pnpm simulate [scenario…]`: the engines on a virtual network; each scenario passes or fails by what it expects. */
import { readdirSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { runGossip, shortfalls } from './src/gossip.ts'
import type { GossipScenario } from './src/gossip.ts'

const HELP = `Usage: pnpm simulate [options] [scenario…]

Runs the production engines on a deterministic virtual network and checks what each scenario expects.

Options:
  --seed <n>  another seed than the scenario's
  --help      this text

Examples:
  pnpm simulate                       all scenarios
  pnpm simulate gossip-200 --seed 7   one of them, with another seed
`

const folder = new URL('./scenarios/', import.meta.url)

function readScenario(name: string): GossipScenario {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as GossipScenario
}

function report(scenario: GossipScenario): boolean {
  const start = performance.now()
  const result = runGossip(scenario)
  const missing = shortfalls(result, scenario)
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`
  console.log(
    `${missing.length === 0 ? 'pass' : 'FAIL'} ${scenario.name}: ${scenario.nodes} nodes, seed ${scenario.seed}, ` +
      `connected ${percent(result.connected)}, coverage ${percent(result.coverage)}, ` +
      `${result.redundancy.toFixed(2)} received per delivery, latency p50 ${result.p50Latency.toFixed(0)} ms, ` +
      `p99 ${result.p99Latency.toFixed(0)} ms, trace ${result.traceHash}, ${((performance.now() - start) / 1_000).toFixed(1)} s`
  )
  missing.forEach((line) => console.log(`  ${line}; replay: pnpm simulate ${scenario.name} --seed ${scenario.seed}`))
  return missing.length === 0
}

const { values, positionals } = parseArgs({
  options: { seed: { type: 'string' }, help: { type: 'boolean' } },
  allowPositionals: true
})

if (values.help === true) {
  console.log(HELP)
} else {
  const all = readdirSync(folder).map((file) => file.replace('.json', ''))
  const names = positionals.length > 0 ? positionals : all
  const unknown = names.filter((name) => !all.includes(name))

  if (unknown.length > 0) {
    console.error(`no scenario ${unknown.join(', ')}; there are ${all.join(', ')}`)
    process.exitCode = 2
  } else {
    const seed = values.seed === undefined ? {} : { seed: Number(values.seed) }
    const passed = names.filter((name) => report({ ...readScenario(name), ...seed })).length
    console.log(`${passed} passed, ${names.length - passed} failed`)
    process.exitCode = passed === names.length ? 0 : 1
  }
}
