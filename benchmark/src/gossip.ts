import { contest, sizeName, tell, closed } from './contest.ts'
import { gossipsubDefault, gossipsubUnsigned, hearsay, rawBatched, rawSingle } from './contestants.ts'
import type { Comparison } from './comparison.ts'
import type { Results } from './contest.ts'
import type { Context } from './part.ts'
import type { Contestant } from './swarm.ts'

export type { Comparison } from './comparison.ts'

const SIZES = [100, 1_024, 16_384]

/** P1: two hosts, one of which says everything */
export async function benchGossip(context: Context): Promise<Comparison[]> {
  const init = {
    contestants: [hearsay, gossipsubDefault, gossipsubUnsigned, rawSingle, rawBatched],
    nodes: 2,
    edges: [[0, 1]] as const,
    disciplines: SIZES.map(closed)
  }
  const results = await contest(init, context.rounds)
  tell(context, results, init, { rate: 'per s', cpuPerDelivery: 'µs of CPU a delivery' })
  const than = (other: Contestant, size: number, target: number): Comparison => ({
    what: `gossip by ${other.name}, 2 nodes, ${sizeName(size)}`,
    ratio: results.ratio(hearsay, other, sizeName(size)),
    target
  })
  return [
    than(gossipsubDefault, 100, 40),
    than(gossipsubUnsigned, 100, 6),
    than(gossipsubDefault, 1_024, 30),
    than(gossipsubUnsigned, 1_024, 5),
    than(rawBatched, 16_384, 0.65),
    everything(results, '2 nodes', SIZES.map(sizeName))
  ]
}

/** That gossip lost nothing, in its worst round */
export function everything(results: Results, where: string, disciplines: readonly string[]): Comparison {
  const share = Math.min(...disciplines.map((discipline) => results.lowest(hearsay, discipline, 'delivered')))
  return { what: `delivered by gossip, ${where}`, ratio: 100 * share, target: 100, unit: '%' }
}
