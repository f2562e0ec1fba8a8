/** Lets so many do something at once; the others wait, in the order they came. */
export class Slots {
  /** BOUNDED by MAX_PENDING puts and gets, the refreshes of our own values, and the clients of the API */
  private readonly waiting: (() => void)[] = []
  private free: number

  constructor(count: number) {
    this.free = count
  }

  /** Run it once there is a slot */
  async run<T>(task: () => Promise<T>): Promise<T> {
    await this.take()

    try {
      return await task()
    } finally {
      this.give()
    }
  }

  /** Resolves once there is a slot, which `give` returns */
  async take(): Promise<void> {
    if (this.free > 0) {
      this.free--
    } else {
      await new Promise<void>((resolve) => this.waiting.push(resolve))
    }
  }

  give(): void {
    const next = this.waiting.shift()

    if (next === undefined) {
      this.free++
    } else {
      next()
    }
  }
}
