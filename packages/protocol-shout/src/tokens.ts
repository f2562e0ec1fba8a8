import type { Millis } from '@hearsay/protocol-core/pure'

/** So many a second, twice as many in a burst. */
export class Tokens {
  private readonly perSecond: number
  private left: number
  private at: Millis

  constructor(perSecond: number, now: Millis) {
    this.perSecond = perSecond
    this.left = 2 * perSecond
    this.at = now
  }

  /** @returns false when there are not so many left: then none is taken */
  take(count: number, now: Millis): boolean {
    this.left = Math.min(2 * this.perSecond, this.left + ((now - this.at) / 1_000) * this.perSecond)
    this.at = now

    if (this.left < count) {
      return false
    }

    this.left -= count
    return true
  }
}
