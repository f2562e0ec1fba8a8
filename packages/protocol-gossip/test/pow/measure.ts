/**
 * Figures of the proof of work: `node packages/protocol-gossip/test/pow/measure.ts [rounds]` after a build. Everything
 * takes its turn in each round, so that what else the machine does hits all alike; the figures are medians.
 */
import { createHash } from 'node:crypto'
import { proves, solve } from '@hearsay/protocol-gossip/pow'
import { challengePuzzle } from '../../src/pow/proof.ts'
import { scalarScan } from '../../src/pow/scan.ts'
import { simdScan } from '../../src/pow/simd-scan.ts'

const ROUNDS = Number(process.argv[2] ?? 9)
const BITS = 24
/** A third of a second each */
const [FEW, MANY] = [2 ** 18, 2 ** 22]
const challenge = 0x0123456789abcdefn
const puzzle = challengePuzzle(challenge, 64)
const scans = { scalar: scalarScan(puzzle), simd: simdScan(puzzle, scalarScan(puzzle)) }

function hashWithNode(count: number): void {
  const message = Buffer.alloc(16)
  message.writeBigUInt64BE(challenge)

  for (let nonce = 0; nonce < count; nonce++) {
    message.writeUInt32BE(nonce, 12)
    const hash = createHash('sha256').update(message).digest()

    if (hash.readUInt32BE(0) === 0) {
      throw new Error('not within so few')
    }
  }
}

function verify(count: number): void {
  for (let nonce = 0; nonce < count; nonce++) {
    if (proves(challenge, BigInt(nonce) << 24n, 40)) {
      throw new Error('not within so few')
    }
  }
}

/** In millions a second */
async function rate(count: number, run: (count: number) => unknown): Promise<number> {
  const began = performance.now()
  await run(count)
  return count / (performance.now() - began) / 1_000
}

/** What `workers` try in the second after the first quarter, in millions a second */
async function rateOfWorkers(workers: number): Promise<number> {
  const seen: [hashes: number, at: number][] = []
  const stop = new AbortController()
  const onProgress = ({ hashes }: { hashes: number }): void => {
    seen.push([hashes, performance.now()])
    if (seen.length === 5) {
      stop.abort()
    }
  }
  await solve(challenge, { difficultyBits: 56, maxSolveBits: 64, workers, onProgress, signal: stop.signal }).catch(
    () => {}
  )
  const [[fewer, earlier], [more, later]] = [seen[0]!, seen.at(-1)!]
  return (more - fewer) / (later - earlier) / 1_000
}

/** In seconds, from the call to the nonce */
async function timeOfSolve(workers: number, round: number): Promise<number> {
  const began = performance.now()
  await solve(challenge + BigInt(round), { difficultyBits: BITS, workers })
  return (performance.now() - began) / 1_000
}

const measures: Record<string, (round: number) => Promise<number>> = {
  'createHash, Mh/s': async () => rate(FEW, hashWithNode),
  'plain JavaScript scan, Mh/s': async () => rate(FEW, (count) => scans.scalar(0, 0, count)),
  'SIMD scan, Mh/s': async () => rate(MANY, (count) => scans.simd(0, 0, count)),
  'proves, million/s': async () => rate(FEW, verify),
  'solve with 1 worker, Mh/s': async () => rateOfWorkers(1),
  'solve with 2 workers, Mh/s': async () => rateOfWorkers(2),
  [`solve ${BITS} bits with 1 worker, s`]: async (round) => timeOfSolve(1, round),
  [`solve ${BITS} bits with 2 workers, s`]: async (round) => timeOfSolve(2, round)
}
const samples = new Map<string, number[]>()

for (let round = -1; round < ROUNDS; round++) {
  for (const [name, measure] of Object.entries(measures)) {
    const sample = await measure(round)
    // the first round warms up
    samples.set(name, round < 0 ? [] : [...samples.get(name)!, sample])
  }
}

const median = (name: string): number => samples.get(name)!.toSorted((a, b) => a - b)[ROUNDS >> 1]!

for (const [name, values] of samples) {
  const [lowest, highest] = [Math.min(...values), Math.max(...values)]
  console.info(`${name.padEnd(34)} ${median(name).toFixed(2)}  (${lowest.toFixed(2)} to ${highest.toFixed(2)})`)
}

const times = (a: string, b: string): string => `${(median(a) / median(b)).toFixed(2)} ×`
console.info('SIMD scan to createHash', times('SIMD scan, Mh/s', 'createHash, Mh/s'))
console.info('two workers to one', times('solve with 2 workers, Mh/s', 'solve with 1 worker, Mh/s'))
