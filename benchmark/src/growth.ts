import { closed, contest, sizeName } from './contest.ts'
import { hearsay } from './contestants.ts'
import { randomGraph } from './graph.ts'
import { Child } from './child.ts'
import { summarise, takeTurns, until } from './rounds.ts'
import { createNode } from './variants.ts'
import type { Comparison } from './comparison.ts'
import type { Context } from './part.ts'
import type { Node } from './variants.ts'

const COUNTS = [4, 8, 16, 32, 64]
const SIZE = 1_024
const MEGABYTE = 2 ** 20
const IDS = 1_000_000
/** As many as the child hears between two words of it */
const BATCH = 5_000

/** P10: what a delivery costs as the network grows, and what a node remembers */
export async function benchGrowth(context: Context): Promise<Comparison[]> {
  return [...(await costs(context)), await memory(context)]
}

/** CPU time, as wall time also tells what else the machine does */
async function costs(context: Context): Promise<Comparison[]> {
  const delivered: number[] = []
  // the first swarm of a process is dearer, whatever its size
  await contest({ contestants: [hearsay], nodes: 8, edges: randomGraph(8), disciplines: [closed(SIZE)] }, 1)
  const trials = COUNTS.map((nodes) => ({
    name: `${nodes} nodes`,
    run: async () => {
      const init = { contestants: [hearsay], nodes, edges: randomGraph(nodes), disciplines: [closed(SIZE)] }
      const results = await contest(init, 1)
      delivered.push(results.of(hearsay, sizeName(SIZE), 'delivered'))
      return results.of(hearsay, sizeName(SIZE), 'cpuPerDelivery')
    }
  }))
  const measured = (await takeTurns(trials, context.rounds)).map((all, i) => ({
    name: `gossip, ${COUNTS[i]} nodes, ${sizeName(SIZE)}`,
    ...summarise(all)
  }))
  context.figure('µs of CPU a delivery', ...measured)
  const medians = measured.map(({ median }) => median)
  drawGrowth(context, medians)
  const range = `${COUNTS.at(0)} to ${COUNTS.at(-1)} nodes`
  return [
    {
      what: `dearest by cheapest delivery, ${range}`,
      ratio: Math.max(...medians) / Math.min(...medians),
      target: 1.3,
      sense: 'at most'
    },
    { what: `delivered by gossip, ${range}`, ratio: 100 * Math.min(...delivered), target: 100, unit: '%' }
  ]
}

function drawGrowth(context: Context, medians: readonly number[]): void {
  context.plot('growth', {
    title: 'P10: cost of a delivery as the network grows',
    description: `CPU time of a delivery of ${sizeName(SIZE)} on random graphs with four neighbours each.`,
    x: { label: 'nodes', scale: 'log' },
    y: { label: 'µs of CPU a delivery' },
    series: [{ name: 'gossip', points: medians.map((median, i) => [COUNTS[i]!, median] as const) }]
  })
}

/** Of a node in a process of its own: heap and buffers after collection, once, as it hardly varies */
async function memory(context: Context): Promise<Comparison> {
  const child = new Child('memory')
  const address = await child.next<string>('address')
  const sender = await createNode('gossip', { knownPeers: [address] })

  try {
    await until('a peer', () => sender.peers() === 1)
    await sayAll(sender, child)
    const told = child.next<number>('bytes')
    child.send('bytes')
    const megabytes = (await told) / MEGABYTE
    const name = `gossip, grown by ${IDS.toLocaleString('en')} announces`
    context.figure('MB', { name, median: megabytes, lowest: megabytes, highest: megabytes })
    return { what: 'memory under 1,000,000 ids', ratio: megabytes, target: 64, sense: 'at most', unit: 'MB' }
  } finally {
    await child.stop()
    await sender.host.stop()
  }
}

/** As fast as they are heard: no more are on their way than fit a session's queue */
async function sayAll(sender: Node, child: Child): Promise<void> {
  const heard = child.last<number>('count', 0)

  for (let said = 0; said < IDS; said += BATCH) {
    for (let i = said; i < said + BATCH; i++) {
      sender.publish(Uint8Array.of(i >> 16, i >> 8, i))
    }

    await until('a million announces', () => heard() >= said)
  }

  await until('a million announces', () => heard() === IDS)
}
