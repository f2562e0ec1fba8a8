import { fastestScan } from './scan.ts'
import type { Puzzle } from './proof.ts'
import type { Scan } from './scan.ts'

/** What one worker is told */
export interface Job {
  puzzle: Puzzle
  /** The first nonce it tries */
  start: bigint
}

/** What a worker says: how many nonces it tried in vain since it last spoke, or at last the one that is a proof */
export type Finding = number | bigint

/** Groups of four nonces between two findings, if they take one block each: 8 ms of the fast scan, 100 ms of the slow one */
const SLICE = 2 ** 15

/** The whole life of a worker. It is never told to stop: it is terminated. */
export function work({ puzzle, start }: Job, report: (finding: Finding) => void): void {
  const blocks = puzzle.words.length / 16
  const slices = search(fastestScan(puzzle), start, 4 * Math.ceil(SLICE / blocks))
  let slice

  do {
    slice = slices.next()
    report(slice.value)
  } while (slice.done !== true)
}

/**
 * Tries one nonce after the other until one is a proof. After 2^64 − 1 comes 0.
 *
 * @param start - the first one, rounded down to a multiple of four
 * @param size - how many to try between two yields, a multiple of four
 * @returns the nonce; what it yields are the numbers of nonces tried
 */
export function* search(scan: Scan, start: bigint, size: number): Generator<number, bigint, void> {
  let high = Number(start >> 32n)
  let low = Number(start & 0xfffffffcn)

  for (;;) {
    const count = Math.min(size, 2 ** 32 - low)
    const found = scan(high, low, count)

    if (found >= 0) {
      return (BigInt(high) << 32n) | BigInt(found)
    }

    yield count
    low = (low + count) % 2 ** 32
    high = low === 0 ? (high + 1) % 2 ** 32 : high
  }
}
