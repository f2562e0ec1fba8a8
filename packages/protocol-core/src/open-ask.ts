/** An ask without an answer. Its signal is made when somebody looks at it, as most are answered at once. */
export class OpenAsk {
  /** Called once, when it is answered, failed or cancelled */
  onEnd: (() => void) | undefined
  private state: 'open' | 'ended' | 'cancelled' = 'open'
  private controller: AbortController | undefined

  get signal(): AbortSignal {
    this.controller ??= new AbortController()

    if (this.state === 'cancelled') {
      this.controller.abort()
    }

    return this.controller.signal
  }

  get isOpen(): boolean {
    return this.state === 'open'
  }

  end(): void {
    if (this.isOpen) {
      this.state = 'ended'
      this.onEnd?.()
    }
  }

  cancel(): void {
    if (this.isOpen) {
      this.state = 'cancelled'
      this.controller?.abort()
      this.onEnd?.()
    }
  }
}
