import { describe, expect, it } from 'vitest'
import { churn } from '../src/network/churn.ts'
import { createSwarm, runGossip, shortfalls } from '../src/gossip/scenario.ts'
import { readScenarios } from '../src/scenario-files.ts'
import type { GossipScenario } from '../src/gossip/scenario.ts'

const SLOW = 60_000

describe.each(readScenarios().map((scenario) => [scenario.name, scenario] as const))(
  'scenario %s',
  (_name, scenario) => {
    it('meets what it expects', { timeout: SLOW }, () => {
      expect(shortfalls(runGossip(scenario), scenario)).toEqual([])
    })

    it('repeats itself to the last effect, by seed', { timeout: SLOW }, () => {
      const hash = (seed: number): string => runGossip({ ...scenario, seed }).traceHash
      expect(hash(2)).toBe(hash(2))
      expect(hash(2)).not.toBe(hash(3))
    })

    it('fails where its swarm is crippled', { timeout: SLOW }, () => {
      const { config } = scenario
      // nobody knows anybody
      expect(shortfalls(runGossip({ ...scenario, knownPeers: 0 }), scenario).join()).toMatch(/coverage.*connected/)
      // each passes on to one other
      expect(shortfalls(runGossip({ ...scenario, config: { ...config, degree: 1 } }), scenario).join()).toContain(
        'coverage'
      )
    })
  }
)

const small: GossipScenario = {
  name: 'small',
  seed: 5,
  nodes: 60,
  knownPeers: 3,
  links: { latency: [10, 120], jitter: 30, loss: 0.02, bandwidth: 100_000 },
  warmUpCooldowns: 4,
  announces: 30,
  announceWithin: 60_000,
  settle: 30_000,
  config: { degree: 6 }
}

describe('a swarm', { timeout: SLOW }, () => {
  it('replaces by churn as many as asked for, one after the other', () => {
    const swarm = createSwarm(small)
    const joined: number[] = []
    churn(swarm.network, { every: 60_000, share: 0.3, times: 1 }, () => {
      joined.push(swarm.network.now)
      swarm.join()
    })
    swarm.network.run(60_000)
    expect([swarm.network.size, swarm.all.length, joined.length]).toEqual([60, 78, 18])
    expect(new Set(joined).size).toBe(18)
  })

  it('survives churn: those who stay get nearly everything', () => {
    const result = runGossip({ ...small, churn: { every: 60_000, share: 0.3, times: 1 } })
    expect(result.delivery).toBeGreaterThan(0.95)
    expect(result.delivery).toBeLessThanOrEqual(1)
  })

  it('loses what is announced while half of it is cut off, and only that', () => {
    const apart = runGossip({ ...small, partition: { from: 0, until: 60_000 }, settle: 30_000 })
    const whole = runGossip(small)
    expect(whole.delivery).toBeGreaterThan(0.99)
    expect(apart.delivery).toBeLessThan(0.7)
    expect(apart.delivery).toBeGreaterThan(0.4)
  })

  it('reaches fewer with fewer hops', () => {
    const [one, three] = [1, 3].map((ttl) => runGossip({ ...small, ttl }).delivery) as [number, number]
    expect(one).toBeLessThan(0.2)
    expect(three).toBeGreaterThan(2 * one)
  })
})
