import { describe, expect, it } from 'vitest'
import { gossipChurn200, gossipChurn200Known, runChurn, shortfalls } from '../src/gossip-churn.ts'

describe('scenario gossip-churn-200', () => {
  const scenario = gossipChurn200

  it.each([
    ['a bootstrapper and three known peers, from the first search on', scenario],
    ['ten known peers, from the start on', gossipChurn200Known]
  ])(
    'with %s, 99 % of the node-seconds have from min to max peers',
    (_name, each) => {
      expect(shortfalls(runChurn(each), each)).toEqual([])
    },
    60_000
  )

  it('repeats itself to the last effect, by seed', () => {
    const hash = (seed: number): string => runChurn({ ...scenario, seed }).traceHash
    expect(hash(2)).toBe(hash(2))
    expect(hash(2)).not.toBe(hash(3))
  }, 60_000)

  it('fails where its swarm is crippled', () => {
    const { config, bootstrapper: _, ...rest } = scenario
    // nobody knows anybody
    expect(shortfalls(runChurn({ ...rest, config, knownPeers: 0 }), scenario).join()).toMatch(/coverage.*connected/)
    // no peer to spare
    const tight = { ...config, maxConnections: 6 }
    expect(shortfalls(runChurn({ ...scenario, config: tight }), scenario).join()).toContain('connected')
    // each passes on to one other
    expect(shortfalls(runChurn({ ...scenario, config: { ...config, degree: 1 } }), scenario).join()).toContain(
      'coverage'
    )
  }, 60_000)
})
