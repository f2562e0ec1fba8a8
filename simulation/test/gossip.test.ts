import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { runGossip, shortfalls } from '../src/gossip.ts'
import type { GossipScenario } from '../src/gossip.ts'

const folder = new URL('../scenarios/', import.meta.url)
const scenarios = readdirSync(folder)
  .filter((file) => file.startsWith('gossip'))
  .map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as GossipScenario)

describe.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('scenario %s', (_name, scenario) => {
  it('meets what it expects', () => {
    expect(shortfalls(runGossip(scenario), scenario)).toEqual([])
  })

  it('repeats itself to the last effect, by seed', () => {
    const hash = (seed: number): string => runGossip({ ...scenario, seed }).traceHash
    expect(hash(2)).toBe(hash(2))
    expect(hash(2)).not.toBe(hash(3))
  })

  it('fails where its swarm is crippled', () => {
    const { config } = scenario
    // nobody knows anybody
    expect(shortfalls(runGossip({ ...scenario, knownPeers: 0 }), scenario).join()).toMatch(/coverage.*connected/)
    // each passes on to one other
    expect(shortfalls(runGossip({ ...scenario, config: { ...config, degree: 1 } }), scenario).join()).toContain(
      'coverage'
    )
  })
})
