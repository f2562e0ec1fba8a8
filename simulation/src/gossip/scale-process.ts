/** One size of the scale experiment, in a process of its own. Prints a `ScaleResult` as JSON. */
import { createSwarm } from './scenario.ts'
import type { Measures } from '../swarm/measures.ts'

export interface ScaleResult extends Measures {
  nodes: number
  ms: number
  messages: number
  /** At the end of the run, everything included */
  rssBytes: number
  /** Heap that a node with its neighbours holds on to */
  nodeBytes: number
}

const ANNOUNCES = 10

const [nodes, seed] = process.argv.slice(2).map(Number) as [number, number]
const start = performance.now()
const before = process.memoryUsage()
const swarm = createSwarm({
  name: 'scale',
  seed,
  nodes,
  knownPeers: 3,
  links: { latency: [10, 120], jitter: 20, loss: 0.001 },
  joinWithin: 60_000,
  warmUpCooldowns: 3,
  announces: ANNOUNCES,
  settle: 0,
  config: { degree: 6 }
})
swarm.publishEvenly(ANNOUNCES, 10_000, 10_000)
const ms = performance.now() - start
const after = process.memoryUsage()
const held = (usage: NodeJS.MemoryUsage): number => usage.heapUsed + usage.arrayBuffers
const result: ScaleResult = {
  ...swarm.measures(),
  nodes,
  ms,
  messages: swarm.network.messages,
  rssBytes: after.rss,
  nodeBytes: (held(after) - held(before)) / nodes
}
console.log(JSON.stringify(result))
