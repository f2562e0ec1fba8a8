/**
 * Peers with a session, by how long they have been silent; and those that are refused.
 *
 * @see docs/specs/cup2py.md#sessions-and-limits
 */
import { BoundedMap } from '@hearsay/protocol-core/pure'
import { MAX_BANNED } from './constants.ts'
import type { Millis, PeerKey } from '@hearsay/protocol-core/pure'
import type { CloseReason, Cup2pyConfig, Cup2pyEffect } from './contract.ts'
import type { Stats } from './stats.ts'

export class Peers {
  private readonly config: Pick<Cup2pyConfig, 'maxPeers' | 'idleTime' | 'banTime'>
  private readonly stats: Stats
  private readonly self: PeerKey
  /** When each was last heard or spoken to, the longest silent first. BOUNDED by maxPeers, beyond by those closing */
  private readonly active = new Map<PeerKey, Millis>()
  /** Peers being closed. BOUNDED by the sessions there are */
  private readonly closing = new Set<PeerKey>()
  /** Until when each is refused */
  private readonly banned = new BoundedMap<PeerKey, Millis>(MAX_BANNED)
  /** The keys of `active`, and ourselves while other users are here. BOUNDED by `active` */
  readonly connected = new Set<PeerKey>()

  constructor(config: Peers['config'], stats: Stats, self: PeerKey) {
    this.config = config
    this.stats = stats
    this.self = self
  }

  /** Whom we refuse is closed; so is the longest silent, when there are too many */
  onConnected(peer: PeerKey, now: Millis): Cup2pyEffect[] {
    this.closing.delete(peer)

    if (peer === this.self) {
      this.connected.add(peer)
      return []
    } else if ((this.banned.get(peer) ?? 0) > now) {
      return this.close(peer, 'banned')
    }

    this.connected.add(peer)
    this.touch(peer, now)
    const crowd = this.active.size > this.config.maxPeers ? this.close(this.longestSilent()!, 'crowded') : []
    return [...crowd, ...this.arm()]
  }

  onDisconnected(peer: PeerKey): void {
    this.leave(peer)
    this.closing.delete(peer)
  }

  isOpen(peer: PeerKey): boolean {
    return this.connected.has(peer)
  }

  touch(peer: PeerKey, now: Millis): void {
    if (peer !== this.self) {
      this.active.delete(peer)
      this.active.set(peer, now)
    }
  }

  ban(peer: PeerKey, reason: CloseReason, now: Millis): Cup2pyEffect[] {
    if (this.config.banTime > 0) {
      this.banned.set(peer, now + this.config.banTime)
    }

    return this.close(peer, reason)
  }

  /** The longest silent are closed */
  onTimer(now: Millis): Cup2pyEffect[] {
    const idle = [...this.active].filter(([, at]) => at + this.config.idleTime <= now)
    return [...idle.flatMap(([peer]) => this.close(peer, 'idle')), ...this.arm()]
  }

  private close(peer: PeerKey, reason: CloseReason): Cup2pyEffect[] {
    this.leave(peer)

    if (this.closing.has(peer)) {
      return []
    }

    this.closing.add(peer)
    this.stats.closed[reason]++
    return [{ type: 'close', peer, reason }]
  }

  private leave(peer: PeerKey): void {
    this.active.delete(peer)
    this.connected.delete(peer)
  }

  private arm(): Cup2pyEffect[] {
    const peer = this.longestSilent()
    return peer === undefined ? [] : [{ type: 'arm', key: 'idle', at: this.active.get(peer)! + this.config.idleTime }]
  }

  private longestSilent(): PeerKey | undefined {
    return this.active.keys().next().value
  }
}
