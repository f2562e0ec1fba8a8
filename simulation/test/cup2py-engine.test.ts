import { describe, expect, it } from 'vitest'
import { encode } from '@hearsay/protocol-cup2py/codec'
import { identityOf, recordOf } from '../src/cup2py/records.ts'
import { Cup2pySwarm } from '../src/cup2py/swarm.ts'
import { cup2pyShortfalls, runCup2py, searchScenarios } from '../src/cup2py-search.ts'
import type { PeerKey } from '@hearsay/protocol-core/pure'
import type { Message } from '@hearsay/protocol-cup2py/codec'

describe.each(searchScenarios.map((scenario) => [scenario.name, scenario] as const))(
  'scenario %s',
  (_name, scenario) => {
    it('meets what it expects', { timeout: 30_000 }, () => {
      const result = runCup2py(scenario)
      expect(cup2pyShortfalls(result, scenario)).toEqual([])
      expect(result.reachable).toBeGreaterThan(scenario.searches / 2)
    })

    it('repeats itself to the last effect, by seed', { timeout: 30_000 }, () => {
      const hash = (seed: number): string => runCup2py({ ...scenario, searches: 3, seed }).traceHash
      expect(hash(2)).toBe(hash(2))
      expect(hash(2)).not.toBe(hash(3))
    })

    it('fails where its users are crippled', { timeout: 30_000 }, () => {
      // nobody sends a search to more than one
      expect(cup2pyShortfalls(runCup2py({ ...scenario, config: { fanout: 1 } }), scenario).join()).toContain('found')
      // lists are as the library makes them: more is sent twice
      const wordy = runCup2py({ ...scenario, config: { ...scenario.config, checkedList: 'path' } })
      expect(wordy.meanCost).toBeGreaterThan(runCup2py(scenario).meanCost)
    })
  }
)

describe('a request on the virtual network', () => {
  it('takes as many bytes as on a real one', () => {
    const swarm = new Cup2pySwarm({ seed: 1, latency: [1, 1] })
    const record = recordOf('somebody' as PeerKey, 12_345)
    const { hash } = identityOf('somebody else')
    const requests: Message[] = [
      { type: 'update', record, depth: 0, checked: [] },
      { type: 'update', record, depth: 12, checked: [hash, hash] },
      { type: 'search', target: hash, sender: record, depth: 7, checked: [hash] }
    ]
    expect(requests.map((request) => swarm.bytes(request))).toEqual(requests.map((each) => encode(each).byteLength))
  })
})
