import { describe, expect, it } from 'vitest'
import { gossipChurn200, runChurn, shortfalls } from '../src/gossip-churn.ts'

describe('scenario gossip-churn-200', () => {
  const scenario = gossipChurn200

  it('meets what it expects', () => {
    expect(shortfalls(runChurn(scenario), scenario)).toEqual([])
  }, 60_000)

  it('repeats itself to the last effect, by seed', () => {
    const hash = (seed: number): string => runChurn({ ...scenario, seed }).traceHash
    expect(hash(2)).toBe(hash(2))
    expect(hash(2)).not.toBe(hash(3))
  }, 60_000)

  it('fails where its swarm is crippled', () => {
    const { config } = scenario
    // nobody knows anybody
    expect(shortfalls(runChurn({ ...scenario, knownPeers: 0 }), scenario).join()).toMatch(/coverage.*connected/)
    // each passes on to one other
    expect(shortfalls(runChurn({ ...scenario, config: { ...config, degree: 1 } }), scenario).join()).toContain(
      'coverage'
    )
  }, 60_000)
})
