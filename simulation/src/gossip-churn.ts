import { GossipSwarm, nodeName } from './gossip-swarm.ts'
import { percent } from './report/table.ts'
import type { Millis, PeerKey } from '@hearsay/protocol-core/pure'
import type { Experiment } from './experiment.ts'
import type { SwarmInit } from './gossip-swarm.ts'

export interface ChurnScenario extends SwarmInit {
  name: string
  nodes: number
  /** Search cooldowns before anybody announces */
  warmUpCooldowns: number
  /** After the warm-up: nodes vanish and others join, for some cooldowns */
  churn?: {
    /** Of the nodes, replaced in each cooldown */
    share: number
    cooldowns: number
    /** In ms: a node counts from this time after it joined */
    grace: Millis
  }
  announces: number
  /** In ms, for all announces to arrive */
  settle: Millis
  /** The run fails below or above these */
  expect: {
    /** Deliveries over those that were possible, lowest */
    coverage: number
    /** Announces received over those that were new, highest */
    redundancy: number
    /** Nodes with minConnections to maxConnections verified peers: lowest share of the nodes, or of node-seconds in churn */
    connected: number
    /** Highest, in ms */
    p99Latency: Millis
  }
}

export interface ChurnResult {
  coverage: number
  redundancy: number
  connected: number
  p50Latency: Millis
  p99Latency: Millis
  traceHash: string
}

const SECOND = 1_000

/**
 * 30 % of the nodes are replaced in each cooldown. Each newcomer knows three others and a bootstrapper, and counts from
 * its first search on, which comes one cooldown after its start.
 */
export const gossipChurn200: ChurnScenario = {
  name: 'gossip-churn-200',
  seed: 1,
  nodes: 200,
  knownPeers: 3,
  bootstrapper: nodeName(0),
  latency: [10, 120],
  warmUpCooldowns: 3,
  churn: { share: 0.3, cooldowns: 8, grace: 70 * SECOND },
  announces: 20,
  settle: 10 * SECOND,
  config: { degree: 6 },
  expect: { coverage: 0.97, redundancy: 7, connected: 0.99, p99Latency: 2_000 }
}

/** The same where newcomers know ten others: enough to count as soon as they had time for the proofs */
export const gossipChurn200Known: ChurnScenario = {
  ...gossipChurn200,
  name: 'gossip-churn-200-known',
  knownPeers: 10,
  churn: { share: 0.3, cooldowns: 8, grace: 10 * SECOND },
  expect: { ...gossipChurn200.expect, coverage: 0.99 }
}

export const churnExperiment: Experiment = {
  name: gossipChurn200.name,
  summary: '200 gossip engines, of which 30 % are replaced in each cooldown',
  run(report, seed = gossipChurn200.seed) {
    for (const scenario of [gossipChurn200, gossipChurn200Known]) {
      const result = runChurn({ ...scenario, seed })
      const missing = shortfalls(result, scenario)
      report.line(`  ${scenario.knownPeers} known peers:`)
      report.line(`  connected ${percent(result.connected)} of the node-seconds, covered ${percent(result.coverage)}`)
      report.json(scenario.name, result)
      report.check(
        `${scenario.name} meets what it expects`,
        missing.length === 0,
        `${missing.join('; ')}; replay: pnpm simulate ${gossipChurn200.name} --seed ${seed}`
      )
    }
  }
}

export function runChurn(scenario: ChurnScenario): ChurnResult {
  const swarm = createSwarm(scenario)
  const { network, config } = swarm
  network.run(scenario.warmUpCooldowns * config.searchCooldown)
  const connected =
    scenario.churn === undefined ? connectedNow(swarm) : churn(swarm, scenario.churn, scenario.bootstrapper)
  const { announces, settle } = scenario

  for (let i = 0; i < announces; i++) {
    swarm.announce(swarm.alive[network.random.below(swarm.alive.length)]!, Uint8Array.of(i >> 8, i & 0xff))
  }

  network.run(settle)
  return {
    connected,
    coverage: swarm.latencies.length / (announces * (swarm.alive.length - 1)),
    redundancy: swarm.received / swarm.latencies.length,
    p50Latency: swarm.latencyAt(0.5),
    p99Latency: swarm.latencyAt(0.99),
    traceHash: network.traceHash
  }
}

function createSwarm(scenario: ChurnScenario): GossipSwarm {
  const swarm = new GossipSwarm(scenario)
  const names = Array.from({ length: scenario.nodes }, (_, index) => nodeName(index))
  names.forEach((name) => swarm.join(name, names))
  names.forEach((name) => swarm.start(name))
  return swarm
}

function connectedNow(swarm: GossipSwarm): number {
  return swarm.alive.filter((name) => swarm.isConnected(name)).length / swarm.alive.length
}

/** @returns the share of node-seconds with the right number of verified peers */
function churn(
  swarm: GossipSwarm,
  { share, cooldowns, grace }: NonNullable<ChurnScenario['churn']>,
  bootstrapper?: PeerKey
): number {
  const { network, config, alive } = swarm
  const seconds = (cooldowns * config.searchCooldown) / SECOND
  const perSecond = (share * alive.length * SECOND) / config.searchCooldown
  const joinedAt = new Map<PeerKey, Millis>()
  let [total, connected, replaced] = [0, 0, 0]

  for (let second = 1; second <= seconds; second++) {
    for (; replaced < Math.floor(second * perSecond); replaced++) {
      const newcomer = `newcomer-${replaced}` as PeerKey
      const leaving = alive.filter((name) => name !== bootstrapper)
      swarm.leave(leaving[network.random.below(leaving.length)]!)
      swarm.join(newcomer)
      swarm.start(newcomer)
      joinedAt.set(newcomer, network.now)
    }

    network.run(SECOND)
    const counted = alive.filter((name) => network.now - (joinedAt.get(name) ?? -grace) >= grace)
    total += counted.length
    connected += counted.filter((name) => swarm.isConnected(name)).length
  }

  return connected / total
}

/** What a result lacks of what its scenario expects, in words */
export function shortfalls(result: ChurnResult, { expect }: ChurnScenario): string[] {
  return [
    ...(result.coverage >= expect.coverage
      ? []
      : [`coverage ${result.coverage}, at least ${expect.coverage} expected`]),
    ...(result.connected >= expect.connected
      ? []
      : [`connected ${result.connected}, at least ${expect.connected} expected`]),
    ...(result.redundancy <= expect.redundancy
      ? []
      : [`redundancy ${result.redundancy}, at most ${expect.redundancy} expected`]),
    ...(result.p99Latency <= expect.p99Latency
      ? []
      : [`p99 latency ${result.p99Latency} ms, at most ${expect.p99Latency} expected`])
  ]
}
