import type { Millis } from '@hearsay/protocol-core/pure'

interface Entry {
  at: Millis
  /** When it was entered: breaks ties, so that equal times happen in the order they were decided */
  order: number
  happen: () => void
}

/** What is to happen, earliest first: a binary heap. BOUNDED by what the engines have in flight */
export class Agenda {
  private readonly heap: Entry[] = []
  private order = 0

  /** When the earliest entry is due, if there is one */
  get next(): Millis | undefined {
    return this.heap[0]?.at
  }

  add(at: Millis, happen: () => void): void {
    const { heap } = this
    const entry = { at, order: this.order++, happen }
    let index = heap.length
    heap.push(entry)

    while (index > 0) {
      const parent = (index - 1) >> 1

      if (!isBefore(entry, heap[parent]!)) {
        break
      }

      heap[index] = heap[parent]!
      index = parent
    }

    heap[index] = entry
  }

  /** Removes the earliest entry and returns what it does. There must be one */
  take(): () => void {
    const { heap } = this
    const first = heap[0]!
    const last = heap.pop()!

    if (heap.length > 0) {
      this.sink(last)
    }

    return first.happen
  }

  private sink(entry: Entry): void {
    const { heap } = this
    let index = 0

    for (let left = 1; left < heap.length; left = 2 * index + 1) {
      const right = left + 1
      const child = right < heap.length && isBefore(heap[right]!, heap[left]!) ? right : left

      if (!isBefore(heap[child]!, entry)) {
        break
      }

      heap[index] = heap[child]!
      index = child
    }

    heap[index] = entry
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
