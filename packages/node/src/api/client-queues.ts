/** What one client of an API has not read yet */
export interface ClientQueue {
  /** Bytes that it takes to keep it */
  size(): number
  /** Ends the client */
  close(why: string): void
}

/**
 * What the clients of all TCP APIs together may leave unread. Beyond it the client that left most is closed: one that reads
 * never loses its place to one that does not.
 */
export class ClientQueues {
  private readonly maxBytes: number
  /** BOUNDED by the clients that the APIs take */
  private readonly queues = new Set<ClientQueue>()
  /** At least what the queues hold: what was handed to the system since they were counted is still in it */
  private upTo = 0

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  add(queue: ClientQueue): void {
    this.queues.add(queue)
  }

  remove(queue: ClientQueue): void {
    this.queues.delete(queue)
  }

  /** After so many bytes were queued, for whichever client */
  grew(bytes: number): void {
    this.upTo += bytes

    if (this.upTo > this.maxBytes) {
      this.count()
    }

    while (this.upTo > this.maxBytes && this.queues.size > 0) {
      this.closeLargest()
      this.count()
    }
  }

  private closeLargest(): void {
    const largest = [...this.queues].reduce((a, b) => (b.size() > a.size() ? b : a))
    this.queues.delete(largest)
    largest.close(`all clients together left more than ${this.maxBytes} bytes unread, and it left most`)
  }

  private count(): void {
    this.upTo = [...this.queues].reduce((sum, queue) => sum + queue.size(), 0)
  }
}
