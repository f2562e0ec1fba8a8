import type { Millis } from '@hearsay/protocol-core/pure'

interface Job {
  isWanted: () => boolean
  duration: Millis
  done: () => void
}

/** Processors that search for proofs of work, one each at a time; what nobody waits for any more is not begun. */
export class Solvers {
  private free: number
  private readonly schedule: (after: Millis, happen: () => void) => void
  /** BOUNDED by the sessions that wait at a gate */
  private readonly waiting: Job[] = []

  constructor(count: number, schedule: (after: Millis, happen: () => void) => void) {
    this.free = count
    this.schedule = schedule
  }

  add(job: Job): void {
    this.waiting.push(job)
    this.next()
  }

  private next(): void {
    while (this.free > 0 && this.waiting.length > 0) {
      const job = this.waiting.shift()!

      if (job.isWanted()) {
        this.free--
        this.schedule(job.duration, () => {
          this.free++
          job.done()
          this.next()
        })
      }
    }
  }
}
