/** Runs tasks of one key one after another, in the order they came. */
export class KeyQueue {
  /** The last task of each key. BOUNDED by the tasks under way */
  private readonly last = new Map<string, Promise<unknown>>()

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.last.get(key)
    const result = before === undefined ? task() : before.then(task)
    const done = Promise.allSettled([result])
    this.last.set(key, done)

    try {
      return await result
    } finally {
      if (this.last.get(key) === done) {
        this.last.delete(key)
      }
    }
  }

  /** Resolves when the tasks of the key that came so far are over */
  async idle(key: string): Promise<void> {
    await this.last.get(key)
  }
}
