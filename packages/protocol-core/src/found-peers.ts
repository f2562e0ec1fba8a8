/**
 * Connected peers that speak the protocol, as identify shows: a stream is opened to each over the connection there is,
 * and again when it was lost. One whose connection is gone fails a few times, and is forgotten.
 */
import { BoundedMap } from './bounded.ts'
import type { Direction, Millis, PeerKey } from './engine.ts'

export interface FoundPeersInit {
  /** Peers remembered, the newest */
  max: number
  /** How long a peer that connected to us has to open its own stream before we open one */
  wait: Millis
  /** Failures in a row after which a peer is forgotten */
  tries: number
  /** Wait after the first failure; it doubles with each */
  redialFirst: Millis
  redialMax: Millis
  /** Failures before a stream that lasted this long do not count */
  stableAfter: Millis
}

interface Found {
  /** When to open a stream; infinity while there is one, or it is being opened */
  at: Millis
  /** In a row */
  failures: number
  verifiedAt: Millis | undefined
}

export class FoundPeers {
  private readonly init: FoundPeersInit
  /** BOUNDED by max, the newest */
  private readonly found: BoundedMap<PeerKey, Found>

  constructor(init: FoundPeersInit) {
    this.init = init
    this.found = new BoundedMap(init.max)
  }

  /** Who made the connection opens the stream first */
  add(peer: PeerKey, direction: Direction, now: Millis): void {
    const at = direction === 'outbound' ? now : now + this.init.wait
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
    const { tries, redialFirst, redialMax, stableAfter } = this.init
    const found = this.found.get(peer)

    if (found === undefined) {
      return
    }

    if (found.verifiedAt !== undefined && now - found.verifiedAt >= stableAfter) {
      found.failures = 0
    }

    if (++found.failures > tries) {
      this.found.delete(peer)
    } else {
      found.at = now + Math.min(redialFirst * 2 ** (found.failures - 1), redialMax)
      found.verifiedAt = undefined
    }
  }

  forget(peer: PeerKey): void {
    this.found.delete(peer)
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
