import type { DropReason } from '@hearsay/protocol-core'
import type { CounterGroup, Histogram, Metrics } from '@libp2p/interface'
import type { CloseReason } from './contract.ts'
import type { Counts } from './counts.ts'

/** What is looked at when the numbers are asked for */
export interface Gauges {
  peers(): { inbound: number; outbound: number }
  /** Announces remembered */
  remembered(): number
  /** Proofs searched for, or waiting for a thread */
  solving(): number
}

const SECONDS = 1_000

/**
 * The service's numbers, for whatever collects libp2p's metrics. No label is a peer: what they are is a fixed few words.
 *
 * @see README.md#metrics
 */
export class GossipMetrics {
  private readonly closes: CounterGroup
  private readonly drops: CounterGroup
  private readonly solves: Histogram
  private readonly verdicts: Histogram

  constructor(metrics: Metrics, counts: Counts, gauges: Gauges) {
    metrics.registerCounterGroup('hearsay_gossip_announces_total', {
      label: 'fate',
      help: 'What became of announces',
      calculate: () => ({ ...counts })
    })
    metrics.registerMetricGroup('hearsay_gossip_peers', {
      label: 'direction',
      help: 'Peers that passed the gate, or whose dialect has none',
      calculate: () => gauges.peers()
    })
    metrics.registerMetric('hearsay_gossip_remembered_announces', {
      help: 'Announces remembered to drop their copies',
      calculate: () => gauges.remembered()
    })
    metrics.registerMetric('hearsay_gossip_solving', {
      help: 'Proofs of work being searched for, or waiting for a thread',
      calculate: () => gauges.solving()
    })
    this.closes = metrics.registerCounterGroup('hearsay_gossip_closes_total', {
      label: 'reason',
      help: 'Peers closed, by reason'
    })
    this.drops = metrics.registerCounterGroup('hearsay_gossip_dropped_total', {
      label: 'reason',
      help: 'Messages not sent: the peer is too slow for more, or no frame can hold it'
    })
    this.solves = metrics.registerHistogram('hearsay_gossip_solve_seconds', {
      help: 'How long proofs of work took to find',
      buckets: [0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120]
    })
    this.verdicts = metrics.registerHistogram('hearsay_gossip_verdict_seconds', {
      help: 'How long validators took',
      buckets: [0.0001, 0.001, 0.01, 0.1, 1, 10]
    })
  }

  closed(reason: CloseReason): void {
    this.closes.increment({ [reason]: 1 })
  }

  dropped(reason: DropReason): void {
    this.drops.increment({ [reason]: 1 })
  }

  solved(startedAt: number): void {
    this.solves.observe(secondsSince(startedAt))
  }

  judged(startedAt: number): void {
    this.verdicts.observe(secondsSince(startedAt))
  }
}

function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / SECONDS
}
