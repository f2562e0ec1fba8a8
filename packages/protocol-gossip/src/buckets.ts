import type { Millis, PeerKey } from '@hearsay/protocol-core/pure'

const SECOND = 1_000

/** A token bucket for each peer: what it may do at once, and how often in the long run. */
export class Buckets {
  private readonly rate: number
  private readonly burst: number
  /** BOUNDED by the verified peers: whoever adds one calls `delete` */
  private readonly buckets = new Map<PeerKey, { rate: number; burst: number; tokens: number; at: Millis }>()

  /**
   * @param rate - tokens a second
   * @param burst - tokens a full bucket holds, as each does at first
   */
  constructor(rate: number, burst: number) {
    this.rate = rate
    this.burst = burst
  }

  /** @param times - so many times the rate and the size of others */
  add(peer: PeerKey, now: Millis, times = 1): void {
    const [rate, burst] = [times * this.rate, times * this.burst]
    this.buckets.set(peer, { rate, burst, tokens: burst, at: now })
  }

  delete(peer: PeerKey): void {
    this.buckets.delete(peer)
  }

  /** @returns whether there was a token left */
  take(peer: PeerKey, now: Millis): boolean {
    const bucket = this.buckets.get(peer)

    if (bucket === undefined) {
      return false
    }

    bucket.tokens = Math.min(bucket.burst, bucket.tokens + ((now - bucket.at) * bucket.rate) / SECOND)
    bucket.at = now

    if (bucket.tokens < 1) {
      return false
    }

    bucket.tokens--
    return true
  }
}
