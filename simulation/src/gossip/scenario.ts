import { engineDefaults } from '@hearsay/protocol-gossip/engine'
import { churn } from '../network/churn.ts'
import { OurGossip } from '../swarm/gossip.ts'
import { Swarm } from '../swarm/swarm.ts'
import type { Millis } from '@hearsay/protocol-core/pure'
import type { GossipConfig } from '@hearsay/protocol-gossip/engine'
import type { ChurnConfig } from '../network/churn.ts'
import type { LinkConfig } from '../network/links.ts'
import type { GossipProtocol } from '../swarm/gossip.ts'
import type { Measures } from '../swarm/measures.ts'

export interface GossipScenario {
  name: string
  /** One line for --help */
  summary?: string
  seed: number
  nodes: number
  /** Random known peers each node starts with */
  knownPeers: number
  links: LinkConfig
  /** Nodes join one after the other within this, in ms. @default 0: all at once */
  joinWithin?: Millis
  /** Search cooldowns before anybody announces */
  warmUpCooldowns: number
  announces: number
  /** Within this, in ms. @default 0: all at once */
  announceWithin?: Millis
  /** In ms, for all announces to arrive */
  settle: Millis
  /** Hops of each announce. @default 0: unlimited */
  ttl?: number
  /** While it is announced */
  churn?: ChurnConfig
  /** Two halves that do not reach each other, in ms from the first announce on */
  partition?: { from: Millis; until: Millis }
  config: Partial<GossipConfig>
  /** The run fails below or above these. @default nothing is expected */
  expect?: {
    /** Deliveries over those that were possible, lowest */
    coverage?: number
    /** Announces received over those that were new, highest */
    redundancy?: number
    /** Nodes with minConnections to maxConnections verified peers, lowest share */
    connected?: number
    /** Highest, in ms */
    p99Latency?: Millis
  }
}

export interface GossipResult extends Measures {
  /** Proofs of work found */
  proofs: number
  /** Nodes with minConnections to maxConnections verified peers when the first announce is made */
  connectedAtFirst: number
}

/** A swarm of our gossip engines that have found each other */
export function createSwarm(scenario: GossipScenario): Swarm<GossipProtocol> {
  const { seed, nodes, knownPeers, links, ttl, joinWithin = 0, warmUpCooldowns } = scenario
  const config = { ...engineDefaults, ...scenario.config }
  const neighbours = [config.minConnections, config.maxConnections] as const
  const maxPeers = 2 * config.maxConnections + config.maxUnverified
  const swarm = new Swarm<GossipProtocol>(new OurGossip(scenario.config, ttl), {
    ...links,
    seed,
    knownPeers,
    neighbours,
    maxPeers
  })
  swarm.joinTogether(nodes, joinWithin)
  swarm.network.run(joinWithin + warmUpCooldowns * config.searchCooldown)
  return swarm
}

export function runGossip(scenario: GossipScenario): GossipResult {
  const swarm = createSwarm(scenario)
  const { announces, announceWithin = 0, settle, partition } = scenario
  const { connected: connectedAtFirst } = swarm.measures()

  if (scenario.churn !== undefined) {
    churn(swarm.network, scenario.churn, () => void swarm.join())
  }

  if (partition !== undefined) {
    const halves = new Map(swarm.all.map((peer, index) => [peer, index % 2]))
    swarm.network.schedule(partition.from, () => swarm.network.partition((peer) => halves.get(peer)))
    swarm.network.schedule(partition.until, () => swarm.network.partition(undefined))
  }

  swarm.publishEvenly(announces, announceWithin, settle)
  return { ...swarm.measures(), proofs: swarm.proofs.honest, connectedAtFirst }
}

/** What a result lacks of what its scenario expects, in words */
export function shortfalls(result: GossipResult, { expect = {} }: GossipScenario): string[] {
  const { coverage = 0, redundancy = Infinity, connected = 0, p99Latency = Infinity } = expect
  const received = result.duplicates + 1
  // written so that NaN, of a swarm that delivered nothing, falls short too
  return [
    ...(result.delivery >= coverage ? [] : [`coverage ${result.delivery}, at least ${coverage} expected`]),
    ...(result.connected >= connected ? [] : [`connected ${result.connected}, at least ${connected} expected`]),
    ...(received <= redundancy ? [] : [`redundancy ${received}, at most ${redundancy} expected`]),
    ...(result.p99Latency <= p99Latency ? [] : [`p99 latency ${result.p99Latency} ms, at most ${p99Latency} expected`])
  ]
}
