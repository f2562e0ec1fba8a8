/**
 * @packageDocumentation
 *
 * The proof of work that opens a gossip peer's gate: finding one, and checking one.
 *
 * @example
 *
 * ```ts
 * import { proves, solve } from '@hearsay/protocol-gossip/pow'
 *
 * const nonce = await solve(challenge, { difficultyBits: 24, signal: AbortSignal.timeout(60_000) })
 * console.info(proves(challenge, nonce, 24)) // true
 * ```
 *
 * In a page, the fast search needs `script-src 'wasm-unsafe-eval'` and `worker-src 'self'`; without the former it runs
 * in plain JavaScript, about fifteen times slower.
 */
export { DifficultyTooHighError, SolverFailedError } from './errors.ts'
export { proves, provesPacket } from './proof.ts'
export { solve, solvePacket } from './solve.ts'
export type { SolveOptions, SolveProgress } from './solve.ts'
