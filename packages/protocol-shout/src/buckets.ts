/**
 * Whom we know, by distance from us: k nodes for each number of leading bits in common.
 *
 * @see docs/specs/shout.md#table
 */
import { toHex } from '@hearsay/protocol-core/pure'
import { commonBits, compareDistance } from './distance.ts'
import type { PeerKey } from '@hearsay/protocol-core/pure'

export interface KnownNode {
  /** Of the table, not of the network */
  id: Uint8Array
  /** DER */
  key: Uint8Array
  /** A multiaddr, once it announced one */
  address: string | undefined
  /** While it is connected */
  peer: PeerKey | undefined
  /** The address group it was met at */
  group: string
}

export class Buckets {
  private readonly self: Uint8Array
  private readonly k: number
  /** By common bits. BOUNDED by τ buckets of k */
  private readonly buckets = new Map<number, KnownNode[]>()
  /** By hexadecimal id. BOUNDED as the buckets */
  private readonly nodes = new Map<string, KnownNode>()
  /** Nodes of each address group. BOUNDED as the nodes */
  private readonly groups = new Map<string, number>()

  /** @param self - our own id, which is never in a bucket */
  constructor(self: Uint8Array, k: number) {
    this.self = self
    this.k = k
  }

  get size(): number {
    return this.nodes.size
  }

  get(id: Uint8Array): KnownNode | undefined {
    return this.nodes.get(toHex(id))
  }

  /**
   * Add a node that proved its key. In a full bucket it takes the place of the oldest that is not connected, if there
   * is one; of one address group there are at most half.
   *
   * @returns whether it is in its bucket now
   */
  add(node: KnownNode): boolean {
    const known = this.get(node.id)

    if (known !== undefined) {
      known.address = node.address ?? known.address
      known.peer = node.peer ?? known.peer
      return true
    }

    const bits = commonBits(this.self, node.id)
    const bucket = this.buckets.get(bits) ?? []

    if (bits === 8 * this.self.byteLength || this.isCrowded(node.group)) {
      return false
    }

    if (bucket.length >= this.k) {
      const gone = bucket.find(({ peer }) => peer === undefined)

      if (gone === undefined) {
        return false
      }

      this.remove(gone.id)
    }

    this.buckets.set(bits, [...(this.buckets.get(bits) ?? []), node])
    this.nodes.set(toHex(node.id), node)
    this.groups.set(node.group, (this.groups.get(node.group) ?? 0) + 1)
    return true
  }

  remove(id: Uint8Array): void {
    const node = this.get(id)

    if (node !== undefined) {
      const bits = commonBits(this.self, id)
      this.nodes.delete(toHex(id))
      this.buckets.set(
        bits,
        this.buckets.get(bits)!.filter((each) => each !== node)
      )
      this.leaveGroup(node.group)
    }
  }

  /** Whether the bucket an id belongs to has no room */
  isFull(id: Uint8Array): boolean {
    return (this.buckets.get(commonBits(this.self, id))?.length ?? 0) >= this.k
  }

  all(): IterableIterator<KnownNode> {
    return this.nodes.values()
  }

  private leaveGroup(group: string): void {
    const others = this.groups.get(group)! - 1

    if (others > 0) {
      this.groups.set(group, others)
    } else {
      this.groups.delete(group)
    }
  }

  /** One group may fill half of a bucket's worth at once, and half of everything beyond */
  private isCrowded(group: string): boolean {
    return !isLocal(group) && (this.groups.get(group) ?? 0) >= Math.max(this.k >> 1, (this.nodes.size + 1) >> 1)
  }
}

/** Groups that say nothing: everybody on one machine is in them */
export function isLocal(group: string): boolean {
  return /^127\.|^0000:0000:0000:00|^\/memory\/|^$/.test(group)
}

/** The `count` nodes closest to `target`, closest first */
export function closest<T extends { id: Uint8Array }>(nodes: Iterable<T>, target: Uint8Array, count: number): T[] {
  return [...nodes].toSorted((a, b) => compareDistance(target, a.id, b.id)).slice(0, count)
}
