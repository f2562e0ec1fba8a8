import { closed, contest, sizeName, tell } from './contest.ts'
import { gossipsubDefault, gossipsubUnsigned, hearsay } from './contestants.ts'
import { everything } from './gossip.ts'
import { randomGraph } from './graph.ts'
import type { Comparison } from './comparison.ts'
import type { Context } from './part.ts'
import type { Contestant } from './swarm.ts'

const NODES = 10
const SIZES = [100, 1_024, 16_384]

/** P2: ten hosts, each with four neighbours; all say something in turn, and all validate */
export async function benchTenNodes(context: Context): Promise<Comparison[]> {
  const init = {
    contestants: [hearsay, gossipsubDefault, gossipsubUnsigned],
    nodes: NODES,
    edges: randomGraph(NODES),
    disciplines: SIZES.map(closed)
  }
  const results = await contest(init, context.rounds)
  tell(context, results, init, { rate: 'per s', p50: 'ms, p50', p99: 'ms, p99', bytesPerDelivery: 'B a delivery' })
  const than = (other: Contestant, size: number, target: number): Comparison => ({
    what: `gossip by ${other.name}, ${NODES} nodes, ${sizeName(size)}`,
    ratio: results.ratio(hearsay, other, sizeName(size)),
    target
  })
  const limits = SIZES.map(sizeName).flatMap((size): Comparison[] => [
    {
      what: `p99 latency of gossip by ${gossipsubDefault.name}, ${NODES} nodes, ${size}`,
      ratio: results.ratio(hearsay, gossipsubDefault, size, 'p99'),
      target: 0.1,
      sense: 'at most'
    },
    ...[gossipsubDefault, gossipsubUnsigned].map((other) => ({
      what: `bytes a delivery of gossip by ${other.name}, ${NODES} nodes, ${size}`,
      ratio: results.ratio(hearsay, other, size, 'bytesPerDelivery'),
      target: 1,
      sense: 'at most' as const
    }))
  ])
  return [
    than(gossipsubDefault, 100, 45),
    than(gossipsubUnsigned, 100, 9),
    than(gossipsubDefault, 1_024, 30),
    than(gossipsubUnsigned, 1_024, 8),
    ...limits,
    everything(results, `${NODES} nodes`, SIZES.map(sizeName))
  ]
}
