/**
 * Connected peers that speak the protocol, as identify shows: a stream is opened to each over the connection there is,
 * and again when it was lost. One whose connection is gone fails a few times, and is forgotten.
 *
 * @see docs/specs/gossip.md#membership
 */
import { BoundedMap } from '@hearsay/protocol-core/pure'
import { FOUND_TRIES, FOUND_WAIT, MAX_FOUND, REDIAL_FIRST, REDIAL_MAX, STABLE_AFTER } from './constants.ts'
import type { Direction, Millis, PeerKey } from '@hearsay/protocol-core/pure'

interface Found {
  /** When to open a stream; infinity while there is one, or it is being opened */
  at: Millis
  /** In a row */
  failures: number
  verifiedAt: Millis | undefined
}

export class FoundPeers {
  /** BOUNDED by MAX_FOUND, the newest */
  private readonly found = new BoundedMap<PeerKey, Found>(MAX_FOUND)

  /** Who made the connection opens the stream first */
  add(peer: PeerKey, direction: Direction, now: Millis): void {
    const at = direction === 'outbound' ? now : now + FOUND_WAIT
    this.found.set(peer, { at, failures: 0, verifiedAt: undefined })
  }

  onVerified(peer: PeerKey, now: Millis): void {
    const found = this.found.get(peer)

    if (found !== undefined) {
      found.verifiedAt = now
    }
  }

  /** The stream is lost, or was not to be had */
  onFailed(peer: PeerKey, now: Millis): void {
    const found = this.found.get(peer)

    if (found === undefined) {
      return
    }

    if (found.verifiedAt !== undefined && now - found.verifiedAt >= STABLE_AFTER) {
      found.failures = 0
    }

    if (++found.failures > FOUND_TRIES) {
      this.found.delete(peer)
    } else {
      found.at = now + Math.min(REDIAL_FIRST * 2 ** (found.failures - 1), REDIAL_MAX)
      found.verifiedAt = undefined
    }
  }

  /** Those to open a stream to now, and whether that would be for the first time */
  due(now: Millis): { peer: PeerKey; isNew: boolean }[] {
    return [...this.found].flatMap(([peer, { at, failures }]) => (at <= now ? [{ peer, isNew: failures === 0 }] : []))
  }

  /** Infinity: not before it is lost */
  postpone(peer: PeerKey, until: Millis): void {
    const found = this.found.get(peer)

    if (found !== undefined) {
      found.at = until
    }
  }

  /** When the next one is due */
  next(): Millis | undefined {
    const next = Math.min(...[...this.found].map(([, { at }]) => at))
    return Number.isFinite(next) ? next : undefined
  }
}
