/**
 * Connected peers that speak the protocol, as identify shows: a stream to each while there is room, and again when it
 * could not be had, or was lost.
 *
 * @see docs/specs/shout.md#connection
 */
import { FOUND } from './constants.ts'
import type { Direction, PeerKey } from '@hearsay/protocol-core/pure'
import type { Context } from './context.ts'
import type { Link } from './link.ts'
import type { Links } from './links.ts'

export class Neighbours {
  private readonly context: Context
  private readonly links: Links

  constructor(context: Context, links: Links) {
    this.context = context
    this.links = links
  }

  /** Who made the connection opens the stream first */
  onFound(peer: PeerKey, direction: Direction): void {
    const { found, now } = this.context
    found.add(peer, direction, now)
    this.onTimer()
  }

  onBound({ peer }: Link): void {
    this.context.found.onVerified(peer, this.context.now)
  }

  /** The stream was lost, or was not to be had */
  onFailed(peer: PeerKey): void {
    this.context.found.onFailed(peer, this.context.now)
    this.arm()
  }

  onTimer(): void {
    const { config, found, now } = this.context

    for (const { peer } of found.due(now)) {
      const hasRoom = this.links.outward < config.limit
      const isTaken = this.links.get(peer) !== undefined || (hasRoom && this.links.dialPeer(peer))
      found.postpone(peer, isTaken ? Number.POSITIVE_INFINITY : now + (hasRoom ? FOUND.redialFirst : FOUND.redialMax))
    }

    this.arm()
  }

  private arm(): void {
    const at = this.context.found.next()

    if (at !== undefined) {
      this.context.arm('found', at)
    }
  }
}
