/** Results go to stdout, for whoever reads them; progress to stderr, for a person only. */
export class Terminal {
  private readonly json: boolean

  constructor(json: boolean) {
    this.json = json
  }

  print(value: unknown, text: string): void {
    this.allowLeaving()
    process.stdout.write(`${this.json ? JSON.stringify(value) : text}\n`)
  }

  async write(content: string | Uint8Array): Promise<void> {
    this.allowLeaving()
    await new Promise<void>((resolve) => process.stdout.write(content, () => resolve()))
  }

  progress(text: string): void {
    if (process.stderr.isTTY && !this.json) {
      process.stderr.write(`${text} …\n`)
    }
  }

  /** Whoever reads our first lines may leave after them */
  private allowLeaving(): void {
    if (process.stdout.listenerCount('error') === 0) {
      process.stdout.on('error', () => process.exit())
    }
  }
}
