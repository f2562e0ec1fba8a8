import { createHash } from 'node:crypto'

const FIELDS = 4
const ROWS = 4_096

/** Everything that happened, as one hash: equal for equal runs, and only for those. */
export class Trace {
  private readonly hash = createHash('sha256')
  /** Rows not hashed yet. BOUNDED by ROWS */
  private readonly buffer = new Float64Array(ROWS * FIELDS)
  private at = 0

  /** One row; its meaning is the caller's */
  add(first: number, second: number, third: number, fourth: number): void {
    const { buffer, at } = this
    buffer[at] = first
    buffer[at + 1] = second
    buffer[at + 2] = third
    buffer[at + 3] = fourth
    this.at = at + FIELDS

    if (this.at === buffer.length) {
      this.hash.update(buffer)
      this.at = 0
    }
  }

  /** Sixteen hex digits over all rows so far */
  get digest(): string {
    return this.hash.copy().update(this.buffer.subarray(0, this.at)).digest('hex').slice(0, 16)
  }
}
