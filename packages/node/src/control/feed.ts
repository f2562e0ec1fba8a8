/** Events for one client that may read slowly: what does not fit is dropped, and counted for it. */
export class EventFeed {
  /** As JSON, oldest first. BOUNDED by MAX_QUEUED_BYTES */
  private readonly queue: string[] = []
  private queuedBytes = 0
  private dropped = 0
  private wake: () => void = () => {}
  private ended = false

  push(event: unknown): void {
    const text = JSON.stringify(event)

    // once some are dropped, all are until that is told: what comes after is after it for the client too
    if (this.dropped > 0 || this.queuedBytes + text.length + EVENT_OVERHEAD_BYTES > MAX_QUEUED_BYTES) {
      this.dropped++
    } else {
      this.queue.push(text)
      this.queuedBytes += text.length + EVENT_OVERHEAD_BYTES
    }

    this.wake()
  }

  end(): void {
    this.ended = true
    this.wake()
  }

  /** Until `end`. How many were dropped is told before the first one after them */
  async *read(): AsyncGenerator<{ event?: string; data: string }> {
    while (!this.ended) {
      const data = this.queue.shift()

      if (data !== undefined) {
        this.queuedBytes -= data.length + EVENT_OVERHEAD_BYTES
        yield { data }
      } else if (this.dropped > 0) {
        const count = this.dropped
        this.dropped = 0
        yield { event: 'dropped', data: JSON.stringify({ count }) }
      } else {
        await new Promise<void>((resolve) => (this.wake = resolve))
      }
    }
  }
}

/** Of one client */
export const MAX_QUEUED_BYTES = 2 ** 20

/** What keeping an event takes beyond its text */
const EVENT_OVERHEAD_BYTES = 64
