import { BoundedMap } from '@hearsay/protocol-core/pure'
import type { Millis } from '@hearsay/protocol-core/pure'

interface Bucket {
  tokens: number
  filledAt: Millis
}

/** Tokens that fill up with time, for each key by itself. A key outlives its session, so reconnecting refills nothing. */
export class TokenBuckets<K> {
  private readonly rate: number
  private readonly burst: number
  /** BOUNDED by max: the key that came first is forgotten, and starts anew */
  private readonly buckets: BoundedMap<K, Bucket>

  /**
   * @param rate - tokens a second
   * @param burst - tokens at most, and at the start
   */
  constructor(rate: number, burst: number, max: number) {
    this.rate = rate
    this.burst = burst
    this.buckets = new BoundedMap(max)
  }

  /** Takes a token. @returns false when there is none */
  take(key: K, now: Millis): boolean {
    let bucket = this.buckets.get(key)

    if (bucket === undefined) {
      bucket = { tokens: this.burst, filledAt: now }
      this.buckets.set(key, bucket)
    }

    bucket.tokens = Math.min(this.burst, bucket.tokens + ((now - bucket.filledAt) * this.rate) / 1_000)
    bucket.filledAt = now

    if (bucket.tokens < 1) {
      return false
    }

    bucket.tokens--
    return true
  }

  /** When the next token is there, at the earliest */
  nextAt(key: K): Millis {
    const bucket = this.buckets.get(key)
    return bucket === undefined ? 0 : bucket.filledAt + ((1 - bucket.tokens) * 1_000) / this.rate
  }
}
