import { readdirSync, readFileSync } from 'node:fs'
import { runGossip, shortfalls } from './gossip/scenario.ts'
import { percent, table } from './report/table.ts'
import type { Experiment } from './experiment.ts'
import type { GossipScenario } from './gossip/scenario.ts'

const folder = new URL('../scenarios/', import.meta.url)

export function readScenarios(): GossipScenario[] {
  return readdirSync(folder)
    .toSorted()
    .map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as GossipScenario)
}

/** A swarm of `scenarios/*.json`: run, shown in a line, and held against what it expects. */
export function scenarioExperiment(scenario: GossipScenario): Experiment {
  const { name, nodes } = scenario
  return {
    name,
    summary: scenario.summary ?? `${nodes} gossip engines`,
    run(report, seed = scenario.seed) {
      const result = runGossip({ ...scenario, seed })
      const { delivery, connected, duplicates, p50Latency, p99Latency, traceHash } = result
      const columns = ['nodes', 'seed', 'covered', 'connected', 'received per delivery', 'p50 ms', 'p99 ms', 'trace']
      const row = [
        nodes,
        seed,
        percent(delivery),
        percent(connected),
        1 + duplicates,
        p50Latency,
        p99Latency,
        traceHash
      ]
      const missing = shortfalls(result, scenario)
      report.line(table(columns, [row], 2))
      report.json(name, result)
      report.check(
        `${name} meets what it expects`,
        missing.length === 0,
        `${missing.join('; ')}; replay: pnpm simulate ${name} --seed ${seed}`
      )
    }
  }
}
