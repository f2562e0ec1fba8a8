import { Cup2pySwarm } from '../cup2py/swarm.ts'
import { identityOf } from '../cup2py/records.ts'
import { quantile } from '../swarm/measures.ts'
import type { Millis, PeerKey } from '@hearsay/protocol-core/pure'
import type { Event } from '@hearsay/protocol-cup2py/engine'
import type { Population, Spent } from './population.ts'

const ENTRIES = 8
const SEARCH_DEPTH = 7
const UPDATE_DEPTH = 3
const UPDATES = 10
const SEARCHES = 1
const SETTLE: Millis = 60_000

const name = (i: number): PeerKey => `node-${i}` as PeerKey

class MeasuredSwarm extends Cup2pySwarm {
  readonly latencies: Millis[] = []
  publishedAt = 0

  override onEvent(self: PeerKey, event: Event, now: Millis): void {
    super.onEvent(self, event, now)

    if (event.type === 'record' && this.publishedAt > 0) {
      this.latencies.push(now - this.publishedAt)
    }
  }
}

/** Users with eight random others in their books; ten say where they are, and one looks for another */
export function cup2pyPopulation(nodes: number, seed: number): Population {
  const swarm = new MeasuredSwarm({ seed, latency: [10, 120], jitter: 20, loss: 0.001, config: { dialRate: 1_000 } })
  const { random } = swarm.network

  for (let i = 0; i < nodes; i++) {
    swarm.join(name(i))
  }

  for (let i = 0; i < nodes; i++) {
    const others = new Set<number>()

    while (others.size < ENTRIES) {
      others.add((i + 1 + random.below(nodes - 1)) % nodes)
    }

    others.forEach((other) => swarm.learn(name(i), name(other)))
  }

  swarm.network.run(1_000)
  return {
    get messages() {
      return swarm.network.messages
    },
    get nodes() {
      return swarm.network.size
    },
    spread: () => spread(swarm, nodes)
  }
}

function spread(swarm: MeasuredSwarm, nodes: number): Spent {
  const { network } = swarm
  const before = network.bytes

  for (let i = 0; i < UPDATES; i++) {
    swarm.publishedAt = network.now
    swarm.publish(name(network.random.below(nodes)), UPDATE_DEPTH)
    network.run(10_000)
  }

  const bytesPerDelivery = (network.bytes - before) / swarm.latencies.length
  const p99Latency = quantile(
    swarm.latencies.toSorted((a, b) => a - b),
    0.99
  )
  swarm.publishedAt = 0
  return { delivery: search(swarm, nodes), p99Latency, bytesPerDelivery }
}

/** @returns the share of searches whose user was found */
function search(swarm: MeasuredSwarm, nodes: number): number {
  let found = 0

  for (let i = 0; i < SEARCHES; i++) {
    const { random } = swarm.network
    const from = random.below(nodes)
    const { hash } = identityOf(name((from + 1 + random.below(nodes - 1)) % nodes))
    const id = swarm.search(name(from), hash, SEARCH_DEPTH, SETTLE / 2)
    swarm.network.run(SETTLE)
    found += swarm.found(id).latency === undefined && !swarm.book(name(from)).has(hash) ? 0 : 1
  }

  return found / SEARCHES
}
