import { Sha256 } from '@hearsay/protocol-core/pure'
import { instantiate } from './instantiate.ts'
import { Layout } from './layout.ts'
import { scannerBase64 } from './scan.generated.ts'
import type { Puzzle } from './proof.ts'
import type { Scan } from './scan.ts'

interface Scanner extends WebAssembly.Exports {
  memory: WebAssembly.Memory
  /** @see wasm/scanner.ts */
  scan: (groups: number, end: number) => number
}

/**
 * Four hashes at a time. The WebAssembly looks at the first word of a hash only, so `check` has the last one.
 *
 * @throws where WebAssembly with SIMD cannot be compiled
 */
export function simdScan(puzzle: Puzzle, check: Scan): Scan {
  const { memory, scan } = instantiate(scannerBase64) as Scanner
  const lanes = new Int32Array(memory.buffer)
  const end = writeConstants(lanes, puzzle)

  return (high, low, count) => {
    for (let tried = 0; tried < count; tried += 4) {
      writeFirstBlock(lanes, puzzle, high, low + tried)
      tried += 4 * scan((count - tried) / 4, end)
      const found = tried < count ? check(high, low + tried, 4) : -1

      if (found >= 0) {
        return found
      }
    }

    return -1
  }
}

function splat(lanes: Int32Array, slot: number, word: number): void {
  lanes.fill(word, 4 * slot, 4 * slot + 4)
}

/** @returns where the blocks after the first end, in bytes */
function writeConstants(lanes: Int32Array, { words, counter, difficultyBits }: Puzzle): number {
  const w = new Int32Array(64)
  let end = 4 * Layout.blocks
  Sha256.INITIAL.forEach((word, i) => splat(lanes, Layout.initial + i, word))
  Sha256.ROUNDS.forEach((word, t) => splat(lanes, Layout.rounds + t, word))
  splat(lanes, Layout.steps + counter - 3, 4)
  splat(lanes, Layout.mask, -(2 ** (32 - Math.min(difficultyBits, 32))))

  for (let block = 16; block < words.length; block += 16) {
    Sha256.schedule(words, block, w)
    lanes.set(
      w.map((word, t) => word + Sha256.ROUNDS[t]!),
      end
    )
    end += 64
  }

  return 4 * end
}

/** The part that is the same in all four messages. Words 3 and 4 may differ: here they count as zero. */
function writeFirstBlock(lanes: Int32Array, { words, counter }: Puzzle, high: number, low: number): void {
  const w = new Int32Array(34)
  w.set(words.subarray(0, 16))
  w[counter - 1] = high
  splat(lanes, Layout.counters, w[3]!)
  splat(lanes, Layout.counters + 1, w[4]!)
  lanes.set([low, low + 1, low + 2, low + 3], 4 * (Layout.counters + counter - 3))
  w[3] = 0
  w[4] = 0

  const state = Sha256.INITIAL.slice()
  Sha256.compress(state, w, 4)
  state.forEach((word, i) => splat(lanes, Layout.state + i, word))

  for (let t = 5; t < 18; t++) {
    w[t] = t < 16 ? w[t]! : Sha256.scheduleWord(w, t)
    splat(lanes, Layout.rounds + t, Sha256.ROUNDS[t]! + w[t]!)
  }

  for (let t = 18; t < 34; t++) {
    splat(lanes, Layout.fixed + t - 18, Sha256.scheduleWord(w, t))
  }
}
