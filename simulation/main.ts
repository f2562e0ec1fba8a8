/** `pnpm simulate [scenario…]`: the engines on a virtual network; each scenario passes or fails by what it expects. */
import { readdirSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { cup2pyShortfalls, runCup2py } from './src/cup2py.ts'
import { runGossip, shortfalls } from './src/gossip.ts'
import type { Cup2pyScenario } from './src/cup2py.ts'
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

type Scenario = GossipScenario | Cup2pyScenario

function readScenario(name: string): Scenario {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Scenario
}

interface Outcome {
  missing: string[]
  /** What was measured */
  told: string
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`

function gossip(scenario: GossipScenario): Outcome {
  const result = runGossip(scenario)
  const told =
    `connected ${percent(result.connected)}, coverage ${percent(result.coverage)}, ` +
    `${result.redundancy.toFixed(2)} received per delivery, latency p50 ${result.p50Latency.toFixed(0)} ms, ` +
    `p99 ${result.p99Latency.toFixed(0)} ms, trace ${result.traceHash}`
  return { missing: shortfalls(result, scenario), told }
}

function cup2py(scenario: Cup2pyScenario): Outcome {
  const result = runCup2py(scenario)
  const told =
    `found ${percent(result.found)} of ${result.reachable} in reach, ${result.meanCost.toFixed(2)} messages an edge ` +
    `and search, ${result.highestCost.toFixed(2)} at most, latency p50 ${result.p50Latency.toFixed(0)} ms, ` +
    `trace ${result.traceHash}`
  return { missing: cup2pyShortfalls(result, scenario), told }
}

function report(scenario: Scenario): boolean {
  const start = performance.now()
  const { missing, told } = 'protocol' in scenario ? cup2py(scenario) : gossip(scenario)
  console.log(
    `${missing.length === 0 ? 'pass' : 'FAIL'} ${scenario.name}: ${scenario.nodes} nodes, seed ${scenario.seed}, ` +
      `${told}, ${((performance.now() - start) / 1_000).toFixed(1)} s`
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
