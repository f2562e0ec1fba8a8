import { seededRandom } from '@hearsay/protocol-core/pure'
import type { Random } from '@hearsay/protocol-core/pure'

/** Pairs of hosts that are connected */
export type Edges = readonly (readonly [number, number])[]

/** Of the random graphs; the same in each run */
const SEED = 9
export const DEGREE = 4

/**
 * A random graph in which each of `nodes` has four neighbours: two random rings that share no edge. Where there are no
 * more than five nodes, all are connected.
 */
export function randomGraph(nodes: number, seed = SEED): Edges {
  if (nodes <= DEGREE + 1) {
    return Array.from({ length: nodes }, (_, i) => Array.from({ length: i }, (__, j) => [j, i] as const)).flat()
  }

  const random = seededRandom(seed)

  for (;;) {
    const rings = [ring(nodes, random), ring(nodes, random)].flat()

    if (new Set(rings.map(([a, b]) => Math.min(a, b) * nodes + Math.max(a, b))).size === rings.length) {
      return rings
    }
  }
}

function ring(nodes: number, random: Random): Edges {
  const order = Array.from({ length: nodes }, (_, i) => i)

  for (let i = nodes - 1; i > 0; i--) {
    const j = random.below(i + 1)
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }

  return order.map((node, i) => [node, order[(i + 1) % nodes]!] as const)
}

/** How many neighbours each has */
export function degrees(nodes: number, edges: Edges): number[] {
  return Array.from({ length: nodes }, (_, i) => edges.filter((edge) => edge.includes(i)).length)
}
