/** A map of at most `max` entries: one more, and the entry set first leaves. */
export class BoundedMap<K, V> implements Iterable<[K, V]> {
  /** BOUNDED by max */
  private readonly entries = new Map<K, V>()
  private readonly max: number

  /** @param max - entries kept, at least 1 */
  constructor(max: number) {
    this.max = max
  }

  get size(): number {
    return this.entries.size
  }

  get(key: K): V | undefined {
    return this.entries.get(key)
  }

  has(key: K): boolean {
    return this.entries.has(key)
  }

  /** A key set again moves to the young end. @returns the entry that had to leave, if one did */
  set(key: K, value: V): [K, V] | undefined {
    this.entries.delete(key)
    this.entries.set(key, value)

    if (this.entries.size <= this.max) {
      return undefined
    }

    const oldest = this.entries.entries().next().value as [K, V]
    this.entries.delete(oldest[0])
    return oldest
  }

  delete(key: K): boolean {
    return this.entries.delete(key)
  }

  /** Removes and returns */
  take(key: K): V | undefined {
    const value = this.entries.get(key)
    this.entries.delete(key)
    return value
  }

  clear(): void {
    this.entries.clear()
  }

  /** Oldest first */
  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.entries.entries()
  }
}
