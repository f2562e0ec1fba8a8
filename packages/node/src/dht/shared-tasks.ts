/** One task a key: whoever asks while it runs gets what it finds. */
export class SharedTasks<T> {
  /** BOUNDED by whoever joins: each waits for one */
  private readonly running = new Map<string, Promise<T>>()

  async join(key: string, task: () => Promise<T>): Promise<T> {
    const shared = this.running.get(key) ?? task()
    this.running.set(key, shared)

    try {
      return await shared
    } finally {
      if (this.running.get(key) === shared) {
        this.running.delete(key)
      }
    }
  }

  /** Whoever asks from now on starts anew */
  leave(key: string): void {
    this.running.delete(key)
  }
}
