import { createHash } from 'node:crypto'
import { proves, solve } from '@hearsay/protocol-gossip/pow'
import { interleave, MEASURE_TIME, perSecond } from './rounds.ts'
import type { Comparison } from './gossip.ts'
import type { Subject } from './rounds.ts'

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
function solving(workers: number): Subject {
  return {
    name: `solve, ${workers} thread${workers > 1 ? 's' : ''}`,
    measure: async () => {
      let speed = 0
      const stop = new AbortController()
      const search = solve(1n, {
        difficultyBits: 64,
        maxSolveBits: 64,
        workers,
        signal: stop.signal,
        onProgress: ({ hashesPerSecond }) => (speed = hashesPerSecond)
      })
      setTimeout(() => stop.abort(), MEASURE_TIME)
      await search.catch(() => {})
      return speed
    }
  }
}

/** Proofs found one after the other; their times are exponentially distributed, so it takes some for a median */
async function medianProofTime(proofs: number): Promise<number> {
  const times: number[] = []

  for (let i = 0; i < proofs; i++) {
    const start = performance.now()
    await solve(BigInt(i), { difficultyBits: 24 })
    times.push((performance.now() - start) / 1_000)
  }

  return times.toSorted((a, b) => a - b)[proofs >> 1]!
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
  const measured = await interleave([hashing, solving(1), solving(2), checking], rounds)
  const [hashed, one, two, checked] = measured.map(({ median }) => median) as [number, number, number, number]

  for (const { name, median, lowest, highest } of measured) {
    print(`  ${name}: ${mega(median)} M/s (${mega(lowest)} to ${mega(highest)})`)
  }

  const seconds = await medianProofTime(4 * rounds + 1)
  print(`  24 bits, one thread: ${seconds.toFixed(2)} s, median of ${4 * rounds + 1}`)

  return [
    { what: 'solving against createHash, one thread', ratio: one / hashed, target: 15 },
    { what: 'solving with two threads against one', ratio: two / one, target: 1.7 },
    { what: '24 bits against 1.2 s, one thread', ratio: 1.2 / seconds, target: 1 },
    { what: 'checking, against 400,000 a second', ratio: checked / 400_000, target: 1 }
  ]
}

function mega(rate: number): string {
  return (rate / 1e6).toFixed(2)
}
