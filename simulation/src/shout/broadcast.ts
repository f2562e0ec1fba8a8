import { neighboursOf } from './connections.ts'
import type { Connections } from './connections.ts'

/**
 * One node of a broadcast. What is counted here is a model of the paper's rule; a real engine takes its place by
 * translating its `send` effects into these lists.
 */
export interface Relay {
  /** To whom a message of its own goes */
  publish(): readonly number[]
  /** To whom a message goes on that came from there */
  receive(from: number): readonly number[]
}

export type CreateRelay = (self: number, neighbours: readonly number[]) => Relay

/** SHOUT: what is new goes on to all but its sender */
export const shoutRelay: CreateRelay = (_self, neighbours) => {
  let seen = false

  return {
    publish: () => {
      seen = true
      return neighbours
    },
    receive: (from) => {
      const known = seen
      seen = true
      return known ? [] : neighbours.filter((each) => each !== from)
    }
  }
}

export interface BroadcastCost {
  /** Sent in all */
  messages: number
  /** Hops until the last node has it */
  lag: number
  /** Nodes that have it, the origin included */
  reached: number
  /** When each node had it first, in hops; -1 never */
  hops: number[]
}

/** One broadcast, hop by hop: what was sent in one hop is received in the next. */
export function broadcast(network: Connections, origin: number, create: CreateRelay = shoutRelay): BroadcastCost {
  const relays = neighboursOf(network).map((neighbours, self) => create(self, neighbours))
  const hops: number[] = Array.from({ length: network.nodes }, () => -1)
  hops[origin] = 0
  let sent = relays[origin]!.publish().map((to): [number, number] => [origin, to])
  let messages = sent.length

  for (let hop = 1; sent.length > 0; hop++) {
    const next: [number, number][] = []

    for (const [from, to] of sent) {
      hops[to] = hops[to] === -1 ? hop : hops[to]!
      relays[to]!.receive(from).forEach((onward) => next.push([to, onward]))
    }

    messages += next.length
    sent = next
  }

  return { messages, lag: Math.max(...hops), reached: hops.filter((hop) => hop >= 0).length, hops }
}

/** The same through a server, which writes to `writers` clients at a time */
export function serve(nodes: number, writers: number): { messages: number; lag: number } {
  let [messages, lag] = [1, 1]

  for (let waiting = nodes - 1; waiting > 0; waiting -= writers) {
    messages += Math.min(writers, waiting)
    lag++
  }

  return { messages, lag }
}

/** The paper's formulas. n: nodes, l: self-initiated connections of each */
export const formulas = {
  saturatedMessages: (n: number): number => (n - 1) ** 2,
  limitedMessages: (n: number, l: number): number => (2 * l - 1) * n + 1,
  crossover: (l: number): number => 2 * l + 1,
  /** For n > 2l + 1 */
  lag: (n: number, l: number): number => Math.ceil(Math.max((n - 2) / l, 1)),
  serverLag: (n: number, l: number): number => Math.ceil((n - 1) / l) + 1,
  /** Messages over those of a server */
  bandwidth: (n: number, l: number): number => 2 * l - 1 + 1 / n
}
