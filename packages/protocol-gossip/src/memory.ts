import { SeenSet } from '@hearsay/protocol-core/pure'
import { SEEN_MIN_AGE, SEEN_OVERFLOW } from './constants.ts'
import { AnnounceDigest } from './digest.ts'
import type { Millis, Random } from '@hearsay/protocol-core/pure'
import type { Announce } from './codec.ts'

/** What was announced lately. It may outlive an engine: then no replay is taken for new after a restart. */
export class AnnounceMemory {
  private readonly digests: AnnounceDigest
  private readonly seen: SeenSet

  /** @param cacheSize - announces remembered, see SeenSet */
  constructor(cacheSize: number, random: Random) {
    this.digests = AnnounceDigest.create(random)
    this.seen = new SeenSet({ size: cacheSize, minAge: SEEN_MIN_AGE, maxSize: cacheSize * SEEN_OVERFLOW })
  }

  get size(): number {
    return this.seen.size
  }

  /** What an announce is remembered by, whatever its ttl; valid until the next call */
  digest({ id, dataType, data }: Announce): Uint32Array {
    return this.digests.of(id, dataType, data)
  }

  has(digest: Uint32Array): boolean {
    return this.seen.has(digest)
  }

  /** @returns false if it was there already */
  add(digest: Uint32Array, now: Millis): boolean {
    return this.seen.add(digest, now)
  }
}
