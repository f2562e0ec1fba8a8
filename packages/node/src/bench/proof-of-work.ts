import { proves, solve } from '@hearsay/protocol-gossip/pow'

/** Checks in one go between two looks at the clock */
const BATCH = 1_000

/** @returns hashes a second of one thread that searches for a proof for so many ms */
export async function solveRate(ms: number): Promise<number> {
  const stop = new AbortController()
  let speed = 0
  // one that is never found
  const search = solve(1n, {
    difficultyBits: 64,
    maxSolveBits: 64,
    signal: stop.signal,
    onProgress: ({ hashesPerSecond }) => (speed = hashesPerSecond)
  })
  const timer = setTimeout(() => stop.abort(), ms)
  await search.catch((err: unknown) => {
    if (!stop.signal.aborted) {
      throw err
    }
  })
  clearTimeout(timer)
  return speed
}

/** @returns proofs checked a second, on one thread for so many ms */
export function verifyRate(ms: number, difficultyBits: number): number {
  const start = performance.now()
  let nonce = 0n

  while (performance.now() - start < ms) {
    for (const end = nonce + BigInt(BATCH); nonce < end; nonce++) {
      proves(0xdeadbeefcafebaben, nonce, difficultyBits)
    }
  }

  return Number(nonce) / ((performance.now() - start) / 1_000)
}
