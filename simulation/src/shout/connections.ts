import { sample } from '@hearsay/protocol-core/pure'
import type { Random } from '@hearsay/protocol-core/pure'

/** Who connects to whom: pairs of node numbers, the first one initiated; no pair twice */
export interface Connections {
  nodes: number
  initiated: readonly (readonly [number, number])[]
}

/** For each node those it is connected to, whoever initiated */
export function neighboursOf({ nodes, initiated }: Connections): number[][] {
  const neighbours: number[][] = Array.from({ length: nodes }, () => [])
  initiated.forEach(([from, to]) => {
    neighbours[from]!.push(to)
    neighbours[to]!.push(from)
  })
  return neighbours
}

/** Everybody with everybody */
export function saturated(nodes: number): Connections {
  return {
    nodes,
    initiated: Array.from({ length: nodes }, (_, a) => a).flatMap((a) =>
      Array.from({ length: nodes - a - 1 }, (_, i): [number, number] => [a, a + 1 + i])
    )
  }
}

/**
 * Each node initiates exactly `limit` connections: the first 2 × limit + 1 nodes are saturated, each later one connects
 * to random nodes that are there.
 *
 * @param nodes - at least 2 × limit + 1
 */
export function limited(nodes: number, limit: number, random: Random): Connections {
  const core = 2 * limit + 1
  const initiated: [number, number][] = []
  const there: number[] = []

  for (let from = 0; from < nodes; from++) {
    const targets =
      from < core ? Array.from({ length: limit }, (_, i) => (from + 1 + i) % core) : sample(there, limit, random)
    targets.forEach((to) => initiated.push([from, to]))
    there.push(from)
  }

  return { nodes, initiated }
}

/**
 * The network in which a broadcast takes longest, and who has to make it: a chain of nodes that each connect to the
 * next `limit`, closed at its end without a shortcut.
 *
 * @param nodes - more than 2 × limit + 1
 */
export function worstCase(nodes: number, limit: 1 | 2): Connections & { origin: number } {
  const last = nodes - 1
  const chain = (length: number): [number, number][] =>
    Array.from({ length }, (_, from) =>
      Array.from({ length: limit }, (_unused, i): [number, number] => [from, from + 1 + i])
    ).flat()
  const end: [number, number][] =
    limit === 1
      ? [[last, last - 2]]
      : [
          [last - 3, last - 2],
          [last - 3, last],
          [last - 2, last - 1],
          [last - 2, last - 5],
          [last - 1, last],
          [last - 1, last - 3],
          [last, last - 2],
          [last, last - 4]
        ]
  return { nodes, initiated: [...chain(limit === 1 ? nodes - 1 : nodes - 4), ...end], origin: last - 1 }
}
