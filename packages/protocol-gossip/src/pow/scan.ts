import { Sha256 } from '@hearsay/protocol-core/pure'
import { simdScan } from './simd-scan.ts'
import type { Puzzle } from './proof.ts'

/**
 * Tries the `count` nonces from `low` on, all with the high word `high`. `low` and `count` are multiples of four, and
 * together no more than 2^32.
 *
 * @returns the low word of the smallest nonce that is a proof, or −1
 */
export type Scan = (high: number, low: number, count: number) => number

/** One hash after the other, about a million a second */
export function scalarScan({ words, counter, difficultyBits }: Puzzle): Scan {
  return (high, low, count) => {
    words[counter - 1] = high

    for (let nonce = low; nonce < low + count; nonce++) {
      words[counter] = nonce

      if (Sha256.leadingZeroBits(words) >= difficultyBits) {
        return nonce
      }
    }

    return -1
  }
}

/** The fastest scan that runs here: WebAssembly can be missing, without SIMD, or forbidden by a page's CSP */
export function fastestScan(puzzle: Puzzle): Scan {
  const check = scalarScan(puzzle)

  try {
    return simdScan(puzzle, check)
  } catch {
    return check
  }
}
