import { quantile } from './measures.ts'
import type { Millis } from '@hearsay/protocol-core/pure'

interface Publication {
  at: Millis
  origin: number
  /** Nodes there had been by then */
  nodes: number
  /** One byte for each of them: whether it was delivered. BOUNDED by the nodes */
  delivered: Uint8Array
}

/** What was published and where it arrived. BOUNDED by the scenario's publications */
export class Publications {
  private readonly all: Publication[] = []
  private readonly latencies: Millis[] = []
  /** Second deliveries to the same node */
  repeated = 0

  get deliveries(): number {
    return this.latencies.length
  }

  has(number: number): boolean {
    return number < this.all.length
  }

  add(origin: number, nodes: number, at: Millis): number {
    this.all.push({ at, origin, nodes, delivered: new Uint8Array(nodes) })
    return this.all.length - 1
  }

  /** Deliveries to nodes that came later, to the origin, and second ones do not count */
  onDelivered(number: number, node: number, now: Millis): void {
    const publication = this.all[number]

    if (publication !== undefined && node < publication.nodes && node !== publication.origin) {
      if (publication.delivered[node] === 0) {
        publication.delivered[node] = 1
        this.latencies.push(now - publication.at)
      } else {
        this.repeated++
      }
    }
  }

  /** @param counts - whether a node was there all the time and is honest */
  delivery(counts: (node: number) => boolean): number {
    let [possible, done] = [0, 0]

    for (const { origin, nodes, delivered } of this.all) {
      for (let node = 0; node < nodes; node++) {
        if (node !== origin && counts(node)) {
          possible++
          done += delivered[node]!
        }
      }
    }

    return possible === 0 ? Number.NaN : done / possible
  }

  latency(...quantiles: number[]): Millis[] {
    const sorted = Float64Array.from(this.latencies).toSorted() as unknown as number[]
    return quantiles.map((q) => quantile(sorted, q))
  }
}
