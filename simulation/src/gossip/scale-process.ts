/** One size of the scale experiment, in a process of its own. Prints a `ScaleResult` as JSON. */
import { heldBytes, measureIdlePeer } from './idle-peer.ts'
import { createSwarm } from './scenario.ts'
import type { Measures } from '../swarm/measures.ts'

export interface ScaleResult extends Measures {
  nodes: number
  /** By the clock, and of processors: the second does not depend on what else the machine does */
  ms: number
  cpuMs: number
  messages: number
  /** At the end of the run, everything included */
  rssBytes: number
  /** Heap that a node with its neighbours holds on to */
  nodeBytes: number
  /** Heap that one verified, idle peer takes in one engine */
  idlePeerBytes: number
}

const ANNOUNCES = 10

const [nodes, seed] = process.argv.slice(2).map(Number) as [number, number]
const start = performance.now()
const before = heldBytes()
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
const { user, system } = process.cpuUsage()
const { rss: rssBytes } = process.memoryUsage()
const result: ScaleResult = {
  ...swarm.measures(),
  nodes,
  ms,
  cpuMs: (user + system) / 1_000,
  messages: swarm.network.messages,
  rssBytes,
  nodeBytes: (heldBytes() - before) / nodes,
  idlePeerBytes: measureIdlePeer()
}
// the swarm is used after its memory was measured, so that it was still there
console.log(JSON.stringify({ ...result, nodes: swarm.network.size }))
