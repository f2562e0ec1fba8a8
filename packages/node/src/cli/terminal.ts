/** Results go to stdout, for whoever reads them; progress to stderr, for a person only. */
export class Terminal {
  private readonly json: boolean

  constructor(json: boolean) {
    this.json = json
  }

  print(value: unknown, text: string): void {
    if (process.stdout.listenerCount('error') === 0) {
      // whoever reads our first lines may leave after them
      process.stdout.on('error', () => process.exit())
    }

    process.stdout.write(`${this.json ? JSON.stringify(value) : text}\n`)
  }

  progress(text: string): void {
    if (process.stderr.isTTY && !this.json) {
      process.stderr.write(`${text} …\n`)
    }
  }
}
