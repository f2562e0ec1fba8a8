import { createHash, hash } from 'node:crypto'
import { proves, solve } from '@hearsay/protocol-gossip/pow'
import { createSHA256 } from 'hash-wasm'
import { printed } from './machine.ts'
import { interleave, MEASURE_TIME, perSecond } from './rounds.ts'
import type { Comparison } from './comparison.ts'
import type { Context } from './part.ts'
import type { Subject } from './rounds.ts'

const BATCH = 1_000
/** One proof of 24 bits may take many times as long as another: no more are looked for after this, in ms */
const PROOFS_TIME = 45_000
const message = Buffer.alloc(16)

function hashing(name: string, digest: () => unknown): Subject {
  return {
    name,
    measure: async () =>
      perSecond(BATCH, () => {
        for (let nonce = 0; nonce < BATCH; nonce++) {
          message.writeUInt32BE(nonce, 12)
          digest()
        }
      })
  }
}

async function wasmHashing(): Promise<Subject> {
  const sha256 = await createSHA256()
  return hashing('hash-wasm', () => sha256.init().update(message).digest('binary'))
}

const HASHLIB = `
import hashlib, time
m, n, start = b'\\0' * 12, 0, time.perf_counter()
while time.perf_counter() - start < 1:
    for nonce in range(n, n + 1000):
        hashlib.sha256(m + nonce.to_bytes(4, 'big')).digest()
    n += 1000
print(n / (time.perf_counter() - start))`

const hashlib: Subject = {
  name: 'Python hashlib',
  measure: async () => Number(printed('python3', ['-c', HASHLIB]))
}

/** The same 16 bytes again and again, by the clock on the wall. It ends with `+F:<number>:sha256:<bytes a second>` */
function opensslSpeed(processes: number): Subject {
  const many = processes > 1 ? ['-multi', String(processes)] : []
  return {
    name: `openssl speed, ${processes === 1 ? 'one process' : `${processes} processes`}`,
    measure: async () => {
      const options = ['-mr', '-elapsed', '-seconds', '1', '-bytes', '16', ...many, '-evp', 'sha256']
      const text = printed('openssl', ['speed', ...options])
      const bytes = /^\+F:.*:([\d.]+)$/m.exec(text)?.[1]
      return Number(bytes) / 16
    }
  }
}

/** A search that finds nothing, stopped once it has said of a second how fast it was */
function solving(workers: number): Subject {
  return {
    name: `solve, ${workers} thread${workers > 1 ? 's' : ''}`,
    measure: async () => {
      const start = performance.now()
      const stop = new AbortController()
      let speed = 0
      const onProgress = ({ hashesPerSecond }: { hashesPerSecond: number }): void => {
        speed = hashesPerSecond

        if (performance.now() - start >= MEASURE_TIME) {
          stop.abort()
        }
      }
      const search = solve(1n, { difficultyBits: 64, maxSolveBits: 64, workers, signal: stop.signal, onProgress })
      await search.catch(() => {})
      return speed
    }
  }
}

/** Proofs found one after the other; their times are exponentially distributed, so it takes some for a median */
async function proofTimes(proofs: number): Promise<number[]> {
  const times: number[] = []
  const begin = performance.now()

  for (let i = 0; i < proofs && performance.now() - begin < PROOFS_TIME; i++) {
    const start = performance.now()
    await solve(BigInt(i), { difficultyBits: 24 })
    times.push((performance.now() - start) / 1_000)
  }

  return times.toSorted((a, b) => a - b)
}

const checking: Subject = {
  name: 'proves',
  measure: async () =>
    perSecond(BATCH, () => {
      for (let nonce = 0n; nonce < BATCH; nonce++) {
        proves(0xdeadbeefcafebaben, nonce, 24)
      }
    })
}

/** P5: hashes a second */
export async function benchProofOfWork(context: Context): Promise<Comparison[]> {
  const ours = [solving(1), solving(2), checking]
  const theirs = [
    hashing('createHash', () => createHash('sha256').update(message).digest()),
    hashing('crypto.hash', () => hash('sha256', message, 'buffer')),
    await wasmHashing()
  ]
  const outside = [hashlib, opensslSpeed(1), opensslSpeed(2)].filter((subject) => isThere(context, subject))
  const measured = await interleave([...ours, ...theirs, ...outside], context.rounds)
  context.figure('M/s', ...measured.map((each) => mega(each)))
  const times = await proofTimes(4 * context.rounds + 1)
  const median = times[times.length >> 1]!
  context.figure('s', { name: '24 bits, one thread', median, lowest: times[0]!, highest: times.at(-1)! })
  const rates = new Map(measured.map((each) => [each.name, each.median]))
  return comparisons(rates, median)
}

function isThere(context: Context, { name }: Subject): boolean {
  const command = name.startsWith('Python') ? 'python3' : 'openssl'
  const found = printed(command, [command === 'python3' ? '--version' : 'version']) !== 'none'

  if (!found) {
    context.leaveOut(name, `there is no ${command} here`)
  }

  return found
}

function mega<T extends { median: number; lowest: number; highest: number }>(each: T): T {
  return { ...each, median: each.median / 1e6, lowest: each.lowest / 1e6, highest: each.highest / 1e6 }
}

function comparisons(rates: ReadonlyMap<string, number>, seconds: number): Comparison[] {
  const than = (ours: string, theirs: string, target: number): Comparison[] => {
    const [a, b] = [rates.get(ours), rates.get(theirs)]
    return a === undefined || b === undefined ? [] : [{ what: `${ours}, by ${theirs}`, ratio: a / b, target }]
  }
  return [
    ...than('solve, 1 thread', 'createHash', 15),
    ...than('solve, 1 thread', 'hash-wasm', 5),
    ...than('solve, 1 thread', 'openssl speed, one process', 1.5),
    ...than('solve, 2 threads', 'openssl speed, 2 processes', 1.5),
    ...than('solve, 2 threads', 'solve, 1 thread', 1.7),
    { what: '24 bits on one thread: 1.2 s by the median', ratio: 1.2 / seconds, target: 1 },
    { what: 'checking, by 400,000 a second', ratio: rates.get('proves')! / 400_000, target: 1 }
  ]
}
