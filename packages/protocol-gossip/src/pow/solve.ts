import { checkRange, InvalidParametersError } from '@hearsay/protocol-core/pure'
import { startWorker } from '#pow-workers'
import { DifficultyTooHighError, SolverFailedError } from './errors.ts'
import { challengePuzzle, packetPuzzle } from './proof.ts'
import { scalarScan } from './scan.ts'
import { search } from './search.ts'
import type { Range } from '@hearsay/protocol-core/pure'
import type { Puzzle } from './proof.ts'
import type { Finding } from './search.ts'

/** In blocks hashed on average: 3 ms, while a worker needs 30 to start */
const INLINE_WORK = 4_096
/** In ms: four times a second */
const PROGRESS_INTERVAL = 250
/** An OFFER has its size, type, challenge and nonce; sizes are u16 */
const PACKET_BYTES: Range = [20, 65_535]

export interface SolveProgress {
  /** Nonces tried so far, by all workers together */
  hashes: number
  /** Nonces it takes on average: 2^difficultyBits, whatever was tried before */
  expected: number
  hashesPerSecond: number
}

export interface SolveOptions {
  /** Zero bits the hash must start with, 0–64. The work doubles with each. */
  difficultyBits: number
  /** Ends the search; the promise rejects with its reason */
  signal?: AbortSignal | undefined
  /** Threads that share the search, 1–64. @default 1 */
  workers?: number | undefined
  /** Refuse to solve more bits than this, 0–64. @default 32, some minutes of work */
  maxSolveBits?: number | undefined
  /**
   * The nonce to begin with, rounded down to a multiple of four. With one worker the proof found is the next one from
   * there: for tests. @default a random one
   */
  start?: bigint | undefined
  /** Called four times a second. What it throws ends the search. */
  onProgress?: ((progress: SolveProgress) => void) | undefined
}

type Settings = ReturnType<typeof settle>

/**
 * Finds a nonce with which SHA-256(challenge ‖ nonce), both as big-endian u64, starts with `difficultyBits` zero bits.
 * The event loop stays free: the search is in workers.
 *
 * @param challenge - 0 to 2^64 − 1
 * @throws {DifficultyTooHighError} above `maxSolveBits`, before any work
 * @throws {SolverFailedError} when a worker fails, with the reason as its `cause`
 * @throws {InvalidParametersError} when the challenge or an option is out of range
 * @throws the signal's reason, when it aborts
 */
export async function solve(challenge: bigint, options: SolveOptions): Promise<bigint> {
  const settings = settle(options)
  return find(challengePuzzle(checkU64('challenge', challenge), settings.difficultyBits), settings)
}

/**
 * Finds a nonce with which SHA-256 of the whole packet starts with `difficultyBits` zero bits: the midterm dialect's
 * OFFER. Its place is bytes 12–19, big-endian; what stands there does not matter, and the packet is left as it is.
 *
 * @param packet - size and type included: 20 to 65,535 bytes. Each 64 of them cost as much as a whole `solve`.
 * @throws as `solve` does
 */
export async function solvePacket(packet: Uint8Array, options: SolveOptions): Promise<bigint> {
  const settings = settle(options)
  checkRange('packet.byteLength', packet.byteLength, PACKET_BYTES)
  return find(packetPuzzle(packet, settings.difficultyBits), settings)
}

function settle({ difficultyBits, maxSolveBits = 32, workers = 1, start, signal, onProgress }: SolveOptions) {
  checkRange('difficultyBits', difficultyBits, [0, 64])
  checkRange('maxSolveBits', maxSolveBits, [0, 64])
  checkRange('workers', workers, [1, 64])

  if (difficultyBits > maxSolveBits) {
    throw new DifficultyTooHighError(difficultyBits, maxSolveBits)
  }

  const first = start ?? crypto.getRandomValues(new BigUint64Array(1))[0]!
  return { difficultyBits, workers, start: checkU64('start', first), signal, onProgress }
}

function checkU64(name: string, value: bigint): bigint {
  if (typeof value !== 'bigint' || BigInt.asUintN(64, value) !== value) {
    throw new InvalidParametersError(name, `must be a bigint from 0 to 2^64 − 1, and is ${value}`)
  }

  return value
}

async function find(puzzle: Puzzle, settings: Settings): Promise<bigint> {
  settings.signal?.throwIfAborted()
  const onTried = progressReporter(settings)

  return 2 ** puzzle.difficultyBits * (puzzle.words.length / 16) <= INLINE_WORK
    ? searchInline(puzzle, settings, onTried)
    : searchInWorkers(puzzle, settings, onTried)
}

/** @returns to be told of each number of nonces tried */
function progressReporter({ difficultyBits, onProgress }: Settings): (count: number) => void {
  const began = performance.now()
  let due = began + PROGRESS_INTERVAL
  let hashes = 0

  return (count) => {
    const now = performance.now()
    hashes += count

    if (now >= due) {
      due = now + PROGRESS_INTERVAL
      onProgress?.({ hashes, expected: 2 ** difficultyBits, hashesPerSecond: (hashes / (now - began)) * 1_000 })
    }
  }
}

async function searchInline(puzzle: Puzzle, settings: Settings, onTried: (count: number) => void): Promise<bigint> {
  // others have their turn when it takes longer than the average
  const slices = search(scalarScan(puzzle), settings.start, Math.max(4, 2 ** puzzle.difficultyBits))

  for (;;) {
    const slice = slices.next()

    if (slice.done === true) {
      return slice.value
    }

    onTried(slice.value)
    await new Promise((resolve) => setTimeout(resolve))
    settings.signal?.throwIfAborted()
  }
}

async function searchInWorkers(puzzle: Puzzle, settings: Settings, onTried: (count: number) => void): Promise<bigint> {
  const { signal } = settings
  const { promise, resolve, reject } = Promise.withResolvers<bigint>()
  const onAbort = (): void => reject(signal!.reason)
  const events = {
    onFinding: (finding: Finding): void => {
      try {
        if (typeof finding === 'bigint') {
          resolve(finding)
        } else {
          onTried(finding)
        }
      } catch (error) {
        reject(error)
      }
    },
    onEnd: (cause: unknown): void => reject(new SolverFailedError(cause))
  }
  const ends: (() => void)[] = [] // BOUNDED by workers
  signal?.addEventListener('abort', onAbort)

  try {
    for (const start of startingPoints(settings)) {
      ends.push(startWorker({ puzzle, start }, events))
    }
  } catch (cause) {
    events.onEnd(cause)
  }

  try {
    return await promise
  } finally {
    signal?.removeEventListener('abort', onAbort)
    ends.forEach((end) => end())
  }
}

/** The nonces in as many equal parts as there are workers */
function startingPoints({ start, workers }: Settings): bigint[] {
  return Array.from({ length: workers }, (_, i) => BigInt.asUintN(64, start + (BigInt(i) << 64n) / BigInt(workers)))
}
