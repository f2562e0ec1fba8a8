/** Whom we know: the buckets, and a cache of nodes that announced themselves when there was no place. */
import { BoundedMap, toHex } from '@hearsay/protocol-core/pure'
import { Buckets, closest, isLocal } from './buckets.ts'
import { IDLE_TIME, MAX_CACHED_NODES } from './constants.ts'
import { sameBytes } from './message.ts'
import type { Context } from './context.ts'
import type { Link } from './link.ts'
import type { Links } from './links.ts'
import type { NodeInfo } from './payloads.ts'

/** A node that could be dialled */
export interface Dialable extends NodeInfo {
  id: Uint8Array
  /** Its network, as far as one can tell */
  group: string
}

/** A peer may be known without an address */
export type Known = Omit<Dialable, 'address'> & { address: string | undefined }

const IDLE = 'idle'

export class Nodes {
  readonly buckets: Buckets
  private readonly context: Context
  private readonly links: Links
  /** By hexadecimal id, the newest last */
  private readonly cache: BoundedMap<string, Dialable>
  private armed = false

  constructor(context: Context, links: Links) {
    const { k } = context.config
    this.context = context
    this.links = links
    this.buckets = new Buckets(this.idOf(context.key), k)
    this.cache = new BoundedMap(MAX_CACHED_NODES)
  }

  idOf(key: Uint8Array): Uint8Array {
    return this.context.addressOf(key)
  }

  onBound(link: Link): void {
    const id = this.idOf(link.key!)
    const address = this.cache.take(toHex(id))?.address
    this.buckets.add({ id, key: link.key!, address, peer: link.peer, group: link.group })

    if (link.visiting && !this.armed) {
      this.armed = true
      this.context.arm(IDLE, this.context.now + IDLE_TIME)
    }
  }

  /** A peer goes by another key: under the old one it would seem to be there for ever */
  onRenamed(link: Link, previous: Uint8Array): void {
    const old = this.buckets.get(this.idOf(previous))

    if (old !== undefined) {
      this.buckets.remove(old.id)
      const { address, group } = old
      this.buckets.add({ id: this.idOf(link.key!), key: link.key!, address, peer: link.peer, group })
    }
  }

  /** It stays known while it can be dialled; its place among our streams goes to another */
  onLost(link: Link): void {
    const node = link.key && this.buckets.get(this.idOf(link.key))

    if (node?.peer === link.peer) {
      node.peer = undefined

      if (node.address === undefined) {
        this.buckets.remove(node.id)
        this.refill()
      }
    }

    this.fill()
  }

  /** A node says where it is. We open a stream to it while there is room, and remember it otherwise */
  onAnnounce(from: Uint8Array, address: string | undefined): void {
    const id = this.idOf(from)
    const known = this.buckets.get(id)

    if (address === undefined || sameBytes(from, this.context.key)) {
      return
    }

    if (known !== undefined) {
      known.address = address
    } else {
      this.cache.set(toHex(id), { id, key: new Uint8Array(from), address, group: groupOf(address) })
      this.fill()
    }
  }

  /** Open streams to cached nodes while fewer than ℓ are open */
  fill(): void {
    const { autoDial, limit } = this.context.config

    for (const [, node] of autoDial ? this.cache : []) {
      if (this.links.outward >= limit || this.links.isBusy) {
        return
      }

      this.links.reach(node, (link) => this.onReached(node, link))
    }
  }

  /** Whoever could not be reached is forgotten, unless nobody tried */
  onReached(node: Known, link: Link | undefined): void {
    if (link === undefined && !this.links.isBusy && this.links.byKey(node.key) === undefined) {
      this.buckets.remove(node.id)
      this.cache.delete(toHex(node.id))
      this.refill()
    }
  }

  /** Peers, and nodes that can be dialled: the closest first, at most half of them of one network */
  closest(target: Uint8Array, count: number): Known[] {
    return closestOfMany(this.all(), target, count)
  }

  /** Those with an address, for others */
  infosFor(target: Uint8Array, count: number): NodeInfo[] {
    const dialable = [...this.all()].filter((node): node is Dialable => node.address !== undefined)
    return closestOfMany(dialable, target, count)
  }

  /** Visits end when nothing was asked for a while */
  onTimer(): void {
    const { now } = this.context
    this.armed = false

    for (const link of this.links.all()) {
      if (link.visiting && link.lastUsed + IDLE_TIME <= now) {
        this.context.close(link.peer, 'idle')
      } else if (link.visiting) {
        this.armed = true
      }
    }

    if (this.armed) {
      this.context.arm(IDLE, now + IDLE_TIME)
    }
  }

  /** A bucket lost a node: those in the cache may take its place */
  private refill(): void {
    for (const [, { id, key, address, group }] of this.cache) {
      if (!this.buckets.isFull(id)) {
        this.buckets.add({ id, key, address, peer: undefined, group })
      }
    }
  }

  private *all(): IterableIterator<Known> {
    for (const node of this.buckets.all()) {
      yield node
    }

    for (const [, node] of this.cache) {
      if (this.buckets.get(node.id) === undefined) {
        yield node
      }
    }
  }
}

/** At most half of them of one network: a stranger with many keys is not all there is */
function closestOfMany<T extends Known>(nodes: Iterable<T>, target: Uint8Array, count: number): T[] {
  const groups = new Map<string, number>()
  return closest(nodes, target, Number.POSITIVE_INFINITY)
    .filter(({ group }) => {
      const others = groups.get(group) ?? 0
      groups.set(group, others + 1)
      return isLocal(group) || others < Math.max(1, count >> 1)
    })
    .slice(0, count)
}

/** The IPv4 /24 of a multiaddr, or all of it */
function groupOf(address: string): string {
  const [, network] = /^\/ip4\/(\d+\.\d+\.\d+)\./.exec(address) ?? []
  return network === undefined ? address : `${network}.0/24`
}
