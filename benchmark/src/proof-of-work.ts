import { createHash } from 'node:crypto'
import { proves, solve } from '@hearsay/protocol-gossip/pow'
import { interleave } from './rounds.ts'
import type { Comparison } from './gossip.ts'
import type { Subject } from './rounds.ts'

/** Length of one measurement, in ms */
const MEASURE_TIME = 1_000

function perSecond(batch: number, run: () => void): number {
  const start = performance.now()
  let count = 0

  while (performance.now() - start < MEASURE_TIME) {
    run()
    count += batch
  }

  return count / ((performance.now() - start) / 1_000)
}

const message = Buffer.alloc(16)

const hashing: Subject = {
  name: "createHash('sha256') per nonce",
  measure: async () =>
    perSecond(1_000, () => {
      for (let nonce = 0; nonce < 1_000; nonce++) {
        message.writeUInt32BE(nonce, 12)
        createHash('sha256').update(message).digest()
      }
    })
}

/** A search that finds nothing, stopped in time: what its progress says of its speed */
const solving: Subject = {
  name: 'solve, one thread',
  measure: async () => {
    let speed = 0
    const stop = new AbortController()
    const search = solve(1n, {
      difficultyBits: 64,
      maxSolveBits: 64,
      signal: stop.signal,
      onProgress: ({ hashesPerSecond }) => (speed = hashesPerSecond)
    })
    setTimeout(() => stop.abort(), MEASURE_TIME)
    await search.catch(() => {})
    return speed
  }
}

const checking: Subject = {
  name: 'proves',
  measure: async () =>
    perSecond(1_000, () => {
      for (let nonce = 0n; nonce < 1_000n; nonce++) {
        proves(0xdeadbeefcafebaben, nonce, 24)
      }
    })
}

export async function benchProofOfWork(rounds: number, print: (line: string) => void): Promise<Comparison[]> {
  const [hashed, solved, checked] = await interleave([hashing, solving, checking], rounds)

  for (const { name, median, lowest, highest } of [hashed!, solved!, checked!]) {
    print(`  ${name}: ${mega(median)} M/s (${mega(lowest)} to ${mega(highest)})`)
  }

  return [
    { what: 'solving against createHash, one thread', ratio: solved!.median / hashed!.median, target: 15 },
    { what: 'checking, against 400,000 a second', ratio: checked!.median / 400_000, target: 1 }
  ]
}

function mega(rate: number): string {
  return (rate / 1e6).toFixed(2)
}
