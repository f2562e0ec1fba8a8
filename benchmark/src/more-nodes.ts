import { closed, contest, sizeName, tell } from './contest.ts'
import { gossipsubDefault, gossipsubUnsigned, hearsay } from './contestants.ts'
import { everything } from './gossip.ts'
import { randomGraph } from './graph.ts'
import { openLoop } from './loops.ts'
import type { Comparison } from './comparison.ts'
import type { Discipline } from './contest.ts'
import type { Context } from './part.ts'

const SIZE = 1_024
const MANY = 32
const FEW = 10
const PER_SECOND = 50
/** In ms */
const OPEN_TIME = 3_000
const OPEN: Discipline = {
  name: `open loop, ${PER_SECOND} per s`,
  run: async (swarm) => openLoop(swarm, SIZE, PER_SECOND, OPEN_TIME)
}

/** P3: more hosts; and at low load, where nothing may wait for a batch to fill */
export async function benchMoreNodes(context: Context): Promise<Comparison[]> {
  return [...(await manyNodes(context)), ...(await lowLoad(context))]
}

async function manyNodes(context: Context): Promise<Comparison[]> {
  const init = {
    contestants: [hearsay, gossipsubDefault, gossipsubUnsigned],
    nodes: MANY,
    edges: randomGraph(MANY),
    disciplines: [closed(SIZE)]
  }
  const results = await contest(init, context.rounds, 75_000)
  tell(context, results, init, { rate: 'per s', p99: 'ms, p99', bytesPerDelivery: 'B a delivery' })
  const ratio = results.ratio(hearsay, gossipsubDefault, sizeName(SIZE))
  return [
    { what: `gossip by ${gossipsubDefault.name}, ${MANY} nodes, ${sizeName(SIZE)}`, ratio, target: 15 },
    everything(results, `${MANY} nodes`, [sizeName(SIZE)])
  ]
}

async function lowLoad(context: Context): Promise<Comparison[]> {
  const init = {
    contestants: [hearsay, gossipsubUnsigned, gossipsubDefault],
    nodes: FEW,
    edges: randomGraph(FEW),
    disciplines: [OPEN]
  }
  const results = await contest(init, context.rounds, 75_000)
  tell(context, results, init, { p50: 'ms, p50', p99: 'ms, p99', bytesPerDelivery: 'B a delivery' })
  const limits = (['p50', 'p99', 'bytesPerDelivery'] as const).map((metric): Comparison => ({
    what: `${metric === 'bytesPerDelivery' ? 'bytes a delivery' : metric} of gossip by ${gossipsubUnsigned.name}, ${OPEN.name}`,
    ratio: results.ratio(hearsay, gossipsubUnsigned, OPEN.name, metric),
    target: 1,
    sense: 'at most'
  }))
  return [...limits, everything(results, OPEN.name, [OPEN.name])]
}
