import type { Millis } from '@hearsay/protocol-core/pure'

/** What a swarm did with the payloads published in it. Figures of honest nodes only */
export interface Measures {
  /** Payloads delivered over those that could have been: to nodes that were there from publication to the end */
  delivery: number
  p50Latency: Millis
  p99Latency: Millis
  maxLatency: Millis
  /** Copies received beyond the first, per delivery */
  duplicates: number
  /** Sent by honest nodes while payloads spread, everything included, per delivery */
  bytesPerDelivery: number
  /** Peers closed with blame */
  penalties: number
  /** Honest peers that an honest one blamed */
  wronglyPunished: number
  /** Honest nodes with neighbours as many as asked for */
  connected: number
  /** Mean neighbours of an honest node */
  neighbours: number
  /** Of the neighbours of the honest node that has it worst, those that attack */
  worstHostileShare: number
  /** The same as a number of neighbours, of the honest node that has most of them */
  worstHostile: number
  /** Of the neighbours of an honest node, mean */
  hostileShare: number
  /** Deliveries of a payload to a node that had been given it before */
  replayed: number
  traceHash: string
}

/** @param sorted - ascending; NaN when there is none */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
