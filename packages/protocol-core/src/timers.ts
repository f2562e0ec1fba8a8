import type { Millis } from './engine.ts'

interface Deadline {
  key: string
  at: Millis
  /** Arming order: breaks ties, so that equal deadlines fire in the order they were armed */
  order: number
}

/** Keyed deadlines, earliest first. It holds no clock: the owner asks what is due. */
export class Timers {
  /** BOUNDED by the keys its engine uses */
  private readonly armed = new Map<string, Deadline>()
  /** A binary heap. BOUNDED by twice `armed`: replaced and disarmed entries stay until then */
  private heap: Deadline[] = []
  private order = 0

  /** Replaces a deadline of the same key */
  arm(key: string, at: Millis): void {
    const deadline = { key, at, order: this.order++ }
    this.armed.set(key, deadline)
    this.heap.push(deadline)
    this.siftUp(this.heap.length - 1)
    this.compact()
  }

  disarm(key: string): void {
    this.armed.delete(key)
  }

  clear(): void {
    this.armed.clear()
    this.heap = []
  }

  /** When the earliest deadline is, if there is one */
  next(): Millis | undefined {
    return this.head()?.at
  }

  /** Removes the earliest deadline at or before `now`, and returns its key */
  takeDue(now: Millis): string | undefined {
    const head = this.head()

    if (head === undefined || head.at > now) {
      return undefined
    }

    this.pop()
    this.armed.delete(head.key)
    return head.key
  }

  private head(): Deadline | undefined {
    while (this.heap.length > 0) {
      const head = this.heap[0]!

      if (this.armed.get(head.key) === head) {
        return head
      }

      this.pop()
    }

    return undefined
  }

  private compact(): void {
    if (this.heap.length > 2 * this.armed.size + 16) {
      this.heap = [...this.armed.values()].toSorted((a, b) => (before(a, b) ? -1 : 1))
    }
  }

  private pop(): void {
    const last = this.heap.pop()!

    if (this.heap.length > 0) {
      this.heap[0] = last
      this.siftDown()
    }
  }

  private siftUp(from: number): void {
    let index = from

    while (index > 0) {
      const parent = (index - 1) >> 1

      if (!this.swapIfBefore(index, parent)) {
        return
      }

      index = parent
    }
  }

  private siftDown(): void {
    let index = 0

    for (;;) {
      const left = 2 * index + 1
      const right = left + 1

      if (left >= this.heap.length) {
        return
      }

      const child = right < this.heap.length && before(this.heap[right]!, this.heap[left]!) ? right : left

      if (!this.swapIfBefore(child, index)) {
        return
      }

      index = child
    }
  }

  private swapIfBefore(child: number, parent: number): boolean {
    const [a, b] = [this.heap[child]!, this.heap[parent]!]

    if (!before(a, b)) {
      return false
    }

    this.heap[child] = b
    this.heap[parent] = a
    return true
  }
}

function before(a: Deadline, b: Deadline): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
