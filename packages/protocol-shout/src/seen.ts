import { SeenSet } from '@hearsay/protocol-core/pure'
import type { Millis, Random } from '@hearsay/protocol-core/pure'

const WORDS = 4
/** Signatures of the smallest key */
const SHORTEST_SIGNATURE_BYTES = 256
/** Younger than this, in ms, they stay even beyond `size` … */
const MIN_AGE = 120_000
/** … up to so many times as many */
const OVERFLOW = 16

/** Signatures that were seen, as 128 bits of each. Nobody can make a signature with given bits, so no hash is needed. */
export class Seen {
  private readonly set: SeenSet
  private readonly digest = new Uint32Array(WORDS)
  /** Where in the signature: secret, so that nobody can aim at one place of the table */
  readonly offset: number

  /** @param offset - of digests to be restored; else drawn */
  constructor(size: number, random: Random, offset?: number) {
    this.set = new SeenSet({ size, minAge: MIN_AGE, maxSize: size * OVERFLOW })
    this.offset = offset ?? random.below(SHORTEST_SIGNATURE_BYTES - 4 * WORDS)
  }

  get size(): number {
    return this.set.size
  }

  has(signature: Uint8Array): boolean {
    return this.set.has(this.digestOf(signature))
  }

  /** @returns false if it was there */
  add(signature: Uint8Array, now: Millis): boolean {
    return this.set.add(this.digestOf(signature), now)
  }

  restore(digest: Uint32Array, now: Millis): void {
    this.set.add(digest, now)
  }

  /** Valid until the next call of anything here */
  digestOf(signature: Uint8Array): Uint32Array {
    for (let word = 0, at = this.offset; word < WORDS; word++, at += 4) {
      this.digest[word] =
        (signature[at]! << 24) | (signature[at + 1]! << 16) | (signature[at + 2]! << 8) | signature[at + 3]!
    }

    return this.digest
  }
}
