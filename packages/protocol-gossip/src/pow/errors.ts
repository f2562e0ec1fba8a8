/** More work is asked for than this node is willing to do. */
export class DifficultyTooHighError extends Error {
  static override readonly name = 'DifficultyTooHighError'
  override readonly name = 'DifficultyTooHighError'
  readonly difficultyBits: number
  readonly maxSolveBits: number

  constructor(difficultyBits: number, maxSolveBits: number) {
    super(
      `a proof of ${difficultyBits} zero bits takes 2^${difficultyBits} hashes on average, and more than ` +
        `2^${maxSolveBits} are not spent on one: agree on a lower difficulty, or raise maxSolveBits`
    )
    this.difficultyBits = difficultyBits
    this.maxSolveBits = maxSolveBits
  }
}

/** A worker could not be started, or ended before it found anything. `cause` says why. */
export class SolverFailedError extends Error {
  static override readonly name = 'SolverFailedError'
  override readonly name = 'SolverFailedError'

  constructor(cause: unknown) {
    super(
      `the worker that searched for a proof of work failed: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause
      }
    )
  }
}
