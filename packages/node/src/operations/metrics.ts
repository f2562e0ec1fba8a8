/** The node's own numbers, next to those of libp2p and of each protocol. No label is a peer. */
import type { Metrics } from '@libp2p/interface'
import type { NodeProtocol } from '../protocols/protocol.ts'
import type { RefusalLog } from '../refusals.ts'

export interface NodeNumbers {
  version: string
  protocols: readonly NodeProtocol[]
  refusals: RefusalLog
  ready: () => boolean
}

export function registerNodeMetrics(metrics: Metrics, { version, protocols, refusals, ready }: NodeNumbers): void {
  const byProtocol = (number: (protocol: NodeProtocol) => number) => (): Record<string, number> =>
    Object.fromEntries(protocols.map((each) => [each.name, number(each)]))
  let reported: Record<string, number> = {}

  metrics.registerMetricGroup('hearsay_build_info', {
    label: 'version',
    help: 'Always 1',
    calculate: () => ({ [version]: 1 })
  })
  metrics.registerMetric('hearsay_ready', { help: 'Whether the node is ready', calculate: () => Number(ready()) })
  metrics.registerMetricGroup('hearsay_protocol_ready', {
    label: 'protocol',
    help: 'Whether a protocol is ready',
    calculate: byProtocol((protocol) => Number(protocol.ready()))
  })
  metrics.registerMetricGroup('hearsay_protocol_peers', {
    label: 'protocol',
    help: 'Peers that a protocol speaks with',
    calculate: byProtocol((protocol) => protocol.peers().length)
  })
  metrics.registerCounterGroup('hearsay_refusals_total', {
    label: 'reason',
    help: 'Peers closed or not let in, by protocol and reason',
    calculate: () => {
      // a counter is told what has come since it was last asked
      const totals = refusals.totals()
      const grown = Object.entries(totals).map(([name, total]) => [name, total - (reported[name] ?? 0)])
      reported = totals
      return Object.fromEntries(grown) as Record<string, number>
    }
  })
}
