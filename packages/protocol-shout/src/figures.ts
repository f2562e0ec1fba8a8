/**
 * What the protocol's document derives about cost and lag.
 *
 * @see docs/specs/shout.md#figures
 */

/** Messages of one SHOUT among `nodes` with `ends` stream ends in all: each is sent over each stream end but the first */
export function messagesOf(ends: number, nodes: number): number {
  return ends - nodes + 1
}

/** Messages of one SHOUT where everybody is connected to everybody */
export function saturatedMessages(nodes: number): number {
  return (nodes - 1) ** 2
}

/** Messages of one SHOUT where each node opened `limit` streams */
export function limitedMessages(nodes: number, limit: number): number {
  return (2 * limit - 1) * nodes + 1
}

/** Nodes at which both cost the same */
export function crossoverNodes(limit: number): number {
  return 2 * limit + 1
}

/** Most hops of a SHOUT */
export function lagOf(nodes: number, limit: number): number {
  return Math.ceil(Math.max((nodes - 2) / limit, 1))
}

/** Most hops through a server with `limit` writers */
export function hubLagOf(nodes: number, limit: number): number {
  return Math.ceil((nodes - 1) / limit) + 1
}

/** Bandwidth compared with that server's */
export function bandwidthFactor(nodes: number, limit: number): number {
  return 2 * limit - 1 + 1 / nodes
}

/** Most streams a node may open: beyond, its buckets could hold no more peers */
export function highestLimit(k: number, tau: number): number {
  return k * tau + 2 * k - Math.ceil(k * Math.log2(k + 1))
}
