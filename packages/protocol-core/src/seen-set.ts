import type { Millis } from './engine.ts'

const WORDS = 4
const EMPTY = 0
const FIRST_CAPACITY = 64

export interface SeenSetInit {
  /** Digests remembered, 1 to 2^24; the oldest leave first */
  size: number
  /** But none younger than this, in ms … */
  minAge: Millis
  /** … until there are this many, at least `size` and at most 2^26: then the oldest leaves, however young */
  maxSize: number
}

/**
 * The 128-bit digests of what was seen. Entries stand in a ring in order of arrival, found through an open-addressing
 * table of ring positions: no string and no object per entry, O(1) to add, 24 to 40 bytes each.
 *
 * A digest must be uniform and unpredictable to strangers (a keyed hash): its first word is the table's hash.
 */
export class SeenSet {
  private readonly init: SeenSetInit
  private capacity = FIRST_CAPACITY
  /** The ring. BOUNDED by maxSize, grown by doubling */
  private words = new Uint32Array(FIRST_CAPACITY * WORDS)
  private times = new Float64Array(FIRST_CAPACITY)
  /** Ring position + 1 by hash, linear probing; 0 is free. Twice the capacity, so probes stay short */
  private table = new Int32Array(FIRST_CAPACITY * 2)
  private oldest = 0
  private count = 0

  constructor(init: SeenSetInit) {
    this.init = init
  }

  get size(): number {
    return this.count
  }

  has(digest: Uint32Array): boolean {
    return this.table[this.find(digest, 0)] !== EMPTY
  }

  /** @returns false if it was there already; its age counts from the first time */
  add(digest: Uint32Array, now: Millis): boolean {
    if (this.has(digest)) {
      return false
    }

    this.makeRoom(now)
    const position = (this.oldest + this.count) % this.capacity
    this.words.set(digest.subarray(0, WORDS), position * WORDS)
    this.times[position] = now
    this.table[this.find(digest, 0)] = position + 1
    this.count++
    return true
  }

  private makeRoom(now: Millis): void {
    const { size, minAge, maxSize } = this.init

    // two may leave for each that comes: a burst's surplus is given back once it has aged
    for (let i = 0; i < 2 && this.count >= size && now - this.times[this.oldest]! >= minAge; i++) {
      this.dropOldest()
    }

    if (this.count >= maxSize) {
      this.dropOldest()
    }

    if (this.count === this.capacity) {
      this.grow()
    }
  }

  /** The slot that holds the digest at `offset` of `words`, or the free one where it belongs */
  private find(words: Uint32Array, offset: number): number {
    const mask = this.table.length - 1
    let slot = words[offset]! & mask

    for (;;) {
      const entry = this.table[slot]!

      if (entry === EMPTY || this.equals((entry - 1) * WORDS, words, offset)) {
        return slot
      }

      slot = (slot + 1) & mask
    }
  }

  private equals(at: number, words: Uint32Array, offset: number): boolean {
    return (
      this.words[at] === words[offset] &&
      this.words[at + 1] === words[offset + 1] &&
      this.words[at + 2] === words[offset + 2] &&
      this.words[at + 3] === words[offset + 3]
    )
  }

  private dropOldest(): void {
    this.free(this.find(this.words, this.oldest * WORDS))
    this.oldest = (this.oldest + 1) % this.capacity
    this.count--
  }

  /** Frees a slot and moves later entries of its probe run back, so that no run has a hole */
  private free(slot: number): void {
    const mask = this.table.length - 1
    let hole = slot

    for (let next = (hole + 1) & mask; this.table[next] !== EMPTY; next = (next + 1) & mask) {
      const home = this.words[(this.table[next]! - 1) * WORDS]! & mask

      if (((next - home) & mask) >= ((next - hole) & mask)) {
        this.table[hole] = this.table[next]!
        hole = next
      }
    }

    this.table[hole] = EMPTY
  }

  private grow(): void {
    const [words, times, { capacity, oldest }] = [this.words, this.times, this]
    this.capacity = Math.min(capacity * 2, Math.max(this.init.maxSize, capacity + 1))
    this.words = new Uint32Array(this.capacity * WORDS)
    this.times = new Float64Array(this.capacity)
    this.table = new Int32Array(2 ** Math.ceil(Math.log2(this.capacity * 2)))
    this.words.set(words.subarray(oldest * WORDS))
    this.words.set(words.subarray(0, oldest * WORDS), (capacity - oldest) * WORDS)
    this.times.set(times.subarray(oldest))
    this.times.set(times.subarray(0, oldest), capacity - oldest)
    this.oldest = 0

    for (let position = 0; position < this.count; position++) {
      this.table[this.find(this.words, position * WORDS)] = position + 1
    }
  }
}
