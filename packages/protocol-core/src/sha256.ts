/**
 * SHA-256 without a promise, which WebCrypto cannot do.
 *
 * @see FIPS 180-4 §6.2
 */

const BLOCK_BYTES = 64

/** The first 32 bits of the fractional parts of roots of the first primes (FIPS 180-4 §4.2.2 and §5.3.3) */
const ROUND_CONSTANTS = Int32Array.from(firstPrimes(64), (prime) => (Math.cbrt(prime) % 1) * 2 ** 32)
const INITIAL_STATE = Int32Array.from(firstPrimes(8), (prime) => (Math.sqrt(prime) % 1) * 2 ** 32)

/** Message schedule of the block being hashed */
const schedule = new Int32Array(64)

/** @returns 32 bytes */
export function sha256(data: Uint8Array): Uint8Array {
  const state = INITIAL_STATE.slice()
  const message = pad(data)

  for (let at = 0; at < message.byteLength; at += BLOCK_BYTES) {
    fillSchedule(message, at)
    compress(state)
  }

  const digest = new DataView(new ArrayBuffer(32))
  state.forEach((word, i) => digest.setInt32(4 * i, word))
  return new Uint8Array(digest.buffer)
}

/** Data, a one bit, zeros, and the length in bits: whole blocks */
function pad(data: Uint8Array): DataView {
  const blocks = Math.ceil((data.byteLength + 9) / BLOCK_BYTES)
  const padded = new Uint8Array(blocks * BLOCK_BYTES)
  const view = new DataView(padded.buffer)
  padded.set(data)
  padded[data.byteLength] = 0x80
  view.setBigUint64(padded.byteLength - 8, BigInt(data.byteLength) * 8n)
  return view
}

function fillSchedule(message: DataView, at: number): void {
  const w = schedule

  for (let i = 0; i < 16; i++) {
    w[i] = message.getInt32(at + 4 * i)
  }

  for (let i = 16; i < 64; i++) {
    const [early, late] = [w[i - 15]!, w[i - 2]!]
    const s0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)
    const s1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10)
    w[i] = w[i - 16]! + s0 + w[i - 7]! + s1
  }
}

function compress(state: Int32Array): void {
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number]

  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND_CONSTANTS[i]! + schedule[i]!) | 0
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }

  for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) {
    state[i]! += word
  }
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

function firstPrimes(count: number): number[] {
  const primes: number[] = []

  for (let candidate = 2; primes.length < count; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) {
      primes.push(candidate)
    }
  }

  return primes
}
