import type { Metrics } from '@libp2p/interface'
import type { Stats } from './stats.ts'

/** What a service shows of itself when metrics are read */
export interface Measured {
  stats: () => Stats
  users: () => number
  peers: () => number
}

/** Registers what libp2p's metrics show, computed when they are read. */
export function registerMetrics(metrics: Metrics, { stats, users, peers }: Measured): void {
  const groups: [string, string, string, () => Record<string, number>][] = [
    ['received_total', 'kind', 'Requests received', () => stats().received],
    ['sent_total', 'kind', 'Requests sent', () => stats().sent],
    ['dropped_total', 'reason', 'Requests dropped', () => stats().dropped],
    ['closed_total', 'reason', 'Peers closed by the rules', () => stats().closed]
  ]

  for (const [name, label, help, calculate] of groups) {
    metrics.registerMetricGroup(`hearsay_cup2py_${name}`, { label, help, calculate })
  }

  metrics.registerMetric('hearsay_cup2py_records_total', { help: 'Records taken', calculate: () => stats().records })
  metrics.registerMetric('hearsay_cup2py_users', { help: 'Users in the address book', calculate: users })
  metrics.registerMetric('hearsay_cup2py_peers', { help: 'Peers with a session', calculate: peers })
}
