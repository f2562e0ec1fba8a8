/** One size of the scale experiment, in a process of its own. Prints a `ScaleResult` as JSON. */
import { cup2pyPopulation } from './cup2py.ts'
import { gossipPopulation } from './gossip.ts'
import { heldBytes } from './idle-peer.ts'
import { shoutPopulation } from './shout.ts'
import type { Population, ProtocolName, Spent } from './population.ts'

export interface ScaleResult extends Spent {
  protocol: ProtocolName
  nodes: number
  /** By the clock, and of processors: the second does not depend on what else the machine does */
  ms: number
  cpuMs: number
  messages: number
  /** At the end of the run, everything included */
  rssBytes: number
  /** Heap that a node with its neighbours holds on to */
  nodeBytes: number
}

const populations: Record<ProtocolName, (nodes: number, seed: number) => Population> = {
  gossip: gossipPopulation,
  shout: shoutPopulation,
  cup2py: cup2pyPopulation
}

const [protocol, ...numbers] = process.argv.slice(2) as [ProtocolName, string, string]
const [size, seed] = numbers.map(Number) as [number, number]
const start = performance.now()
const before = heldBytes()
const population = populations[protocol](size, seed)
const { delivery, p99Latency, bytesPerDelivery } = population.spread()
const ms = performance.now() - start
const { user, system } = process.cpuUsage()
const { rss: rssBytes } = process.memoryUsage()
const nodeBytes = (heldBytes() - before) / size
// the network is used after its memory was measured, so that it was still there
const { nodes, messages } = population
const cpuMs = (user + system) / 1_000
const result: ScaleResult = {
  protocol,
  nodes,
  delivery,
  p99Latency,
  bytesPerDelivery,
  ms,
  cpuMs,
  messages,
  rssBytes,
  nodeBytes
}
console.log(JSON.stringify(result))
