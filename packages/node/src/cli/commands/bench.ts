import { numberOf } from '../command.ts'
import type { CommandSpec } from '../command.ts'

/** In ms, for each of the first two */
const MEASURE_TIME = 1_000
const RELAYED = 5_000

export const bench: CommandSpec = {
  name: 'bench',
  summary: "this machine's rates: proofs of work, checks of them, announces relayed",
  options: [['--bits <n>', 'difficulty to estimate the time of a proof for, 0–64 (default --difficulty-bits)']],
  examples: [
    ['', 'takes some seconds, on loopback only'],
    ['--bits 28', 'how long a proof of 28 bits would take']
  ],
  failure: 'its nodes cannot run here',
  asksNode: false,
  run: async ({ config, options, print, progress }) => {
    const bits = numberOf('--bits', String(options['bits'] ?? config()['difficulty-bits']), 64)
    const { solveRate, verifyRate } = await import('../../bench/proof-of-work.ts')
    const { relayRate } = await import('../../bench/relay.ts')
    progress('searching for a proof of work')
    const hashesPerSecond = Math.round(await solveRate(MEASURE_TIME))
    progress('checking proofs')
    const checksPerSecond = Math.round(verifyRate(MEASURE_TIME, bits))
    progress('relaying announces between three nodes')
    const relayedPerSecond = Math.round(await relayRate(RELAYED))
    const secondsPerProof = 2 ** bits / hashesPerSecond
    const text = [
      `proof of work  ${grouped(hashesPerSecond)} hashes/s on one thread: ${duration(secondsPerProof)} for ${bits} bits on average`,
      `check          ${grouped(checksPerSecond)} proofs/s`,
      `relay          ${grouped(relayedPerSecond)} announces/s of 100 bytes, with sender and receiver in the same process`
    ]
    print({ hashesPerSecond, bits, secondsPerProof, checksPerSecond, relayedPerSecond }, text.join('\n'))
  }
}

function grouped(number: number): string {
  return number.toLocaleString('en')
}

function duration(seconds: number): string {
  return seconds < 120 ? `${seconds.toPrecision(2)} s` : `${grouped(Math.round(seconds / 60))} min`
}
