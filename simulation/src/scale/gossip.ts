import { createSwarm } from '../gossip/scenario.ts'
import type { Population } from './population.ts'

const ANNOUNCES = 10

/** All come within a minute and search three times; then ten announces */
export function gossipPopulation(nodes: number, seed: number): Population {
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
  return {
    get messages() {
      return swarm.network.messages
    },
    get nodes() {
      return swarm.network.size
    },
    spread: () => {
      swarm.publishEvenly(ANNOUNCES, 10_000, 10_000)
      return swarm.measures()
    }
  }
}
