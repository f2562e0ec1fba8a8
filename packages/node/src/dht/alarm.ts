/** In ms; a wall clock that was set, or a machine that slept, is noticed by then */
const LONGEST_WAIT = 30_000

/** Rings once at a time on the wall clock. */
export class Alarm {
  private readonly ring: () => void
  private timer: NodeJS.Timeout | undefined

  constructor(ring: () => void) {
    this.ring = ring
  }

  /** Replaces the time. @param at - in ms since 1970; undefined is never */
  set(at: number | undefined): void {
    clearTimeout(this.timer)
    this.timer = undefined

    if (at !== undefined) {
      const wait = Math.min(Math.max(at - Date.now(), 0), LONGEST_WAIT)
      this.timer = setTimeout(() => (Date.now() < at ? this.set(at) : this.ring()), wait)
    }
  }
}
