/**
 * SHA-256 without a promise, which WebCrypto cannot do, and open enough that many hashes can share its first rounds.
 *
 * @see FIPS 180-4 (https://doi.org/10.6028/NIST.FIPS.180-4)
 */

/** The first 32 bits of the fractional part */
const fraction = (x: number): number => ((x % 1) * 2 ** 32) | 0

/** The first 64 primes */
const primes: number[] = []

for (let n = 2; primes.length < 64; n++) {
  if (primes.every((prime) => n % prime !== 0)) {
    primes.push(n)
  }
}

/** What the state starts from (FIPS 180-4 §5.3.3) */
export const INITIAL: Int32Array = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)))
/** What each round adds (FIPS 180-4 §4.2.2) */
export const ROUNDS: Int32Array = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)))

/** A message as words, with the padding that brings it to whole blocks of sixteen */
export function pad(message: Uint8Array): Int32Array {
  const bytes = new Uint8Array(Math.ceil((message.byteLength + 9) / 64) * 64)
  const view = new DataView(bytes.buffer)
  bytes.set(message)
  bytes[message.byteLength] = 0x80
  view.setBigUint64(bytes.byteLength - 8, BigInt(message.byteLength) * 8n)
  return Int32Array.from({ length: bytes.byteLength / 4 }, (_, i) => view.getInt32(4 * i))
}

/** The word that words `t - 16`, `t - 15`, `t - 7` and `t - 2` of the schedule make */
export function scheduleWord(w: Int32Array, t: number): number {
  const early = w[t - 15]!
  const late = w[t - 2]!
  const s0 = ((early >>> 7) | (early << 25)) ^ ((early >>> 18) | (early << 14)) ^ (early >>> 3)
  const s1 = ((late >>> 17) | (late << 15)) ^ ((late >>> 19) | (late << 13)) ^ (late >>> 10)
  return (w[t - 16]! + s0 + w[t - 7]! + s1) | 0
}

/** The schedule of the block whose first word is `words[at]`, into `w` */
export function schedule(words: Int32Array, at: number, w: Int32Array): void {
  for (let t = 0; t < 16; t++) {
    w[t] = words[at + t]!
  }

  extend(w)
}

/** What follows from the first sixteen words of a schedule */
function extend(w: Int32Array): void {
  for (let t = 16; t < 64; t++) {
    w[t] = scheduleWord(w, t)
  }
}

/** The first `count` rounds over `state`, in place. The sum with the old state is left to the caller. */
export function compress(state: Int32Array, w: Int32Array, count: number): void {
  let [a, b, c, d] = [state[0]!, state[1]!, state[2]!, state[3]!]
  let [e, f, g, h] = [state[4]!, state[5]!, state[6]!, state[7]!]

  for (let t = 0; t < count; t++) {
    const S1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const t1 = (h + S1 + (g ^ (e & (f ^ g))) + ROUNDS[t]! + w[t]!) | 0
    const S0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const t2 = (S0 + ((a & b) | (c & (a | b)))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }

  state[0] = a
  state[1] = b
  state[2] = c
  state[3] = d
  state[4] = e
  state[5] = f
  state[6] = g
  state[7] = h
}

const state = new Int32Array(8)
const sum = new Int32Array(8)
const w = new Int32Array(64)

/** The state after all blocks of a padded message, valid until the next call */
function hash(words: Int32Array): Int32Array {
  sum.set(INITIAL)

  for (let block = 0; block < words.length; block += 16) {
    schedule(words, block, w)
    addBlock()
  }

  return sum
}

/** The block whose schedule is in `w`, into `sum` */
function addBlock(): void {
  state.set(sum)
  compress(state, w, 64)

  for (let i = 0; i < 8; i++) {
    sum[i]! += state[i]!
  }
}

const BLOCK_BYTES = 64
/** The end of a message, with its padding: one block or two */
const tail = new Uint8Array(2 * BLOCK_BYTES)

/** @returns 32 bytes */
export function digest(message: Uint8Array): Uint8Array {
  const whole = message.byteLength - (message.byteLength % BLOCK_BYTES)
  const rest = message.byteLength - whole
  const end = rest < BLOCK_BYTES - 8 ? BLOCK_BYTES : 2 * BLOCK_BYTES
  const bits = new DataView(tail.buffer)
  tail.fill(0)
  tail.set(message.subarray(whole))
  tail[rest] = 0x80
  bits.setBigUint64(end - 8, BigInt(message.byteLength) * 8n)
  sum.set(INITIAL)

  for (let at = 0; at < whole; at += BLOCK_BYTES) {
    addBytes(message, at)
  }

  for (let at = 0; at < end; at += BLOCK_BYTES) {
    addBytes(tail, at)
  }

  const out = new Uint8Array(32)
  sum.forEach((word, i) => out.set([word >>> 24, word >>> 16, word >>> 8, word], 4 * i))
  return out
}

/** The block that starts at `bytes[at]`, into `sum` */
function addBytes(bytes: Uint8Array, at: number): void {
  for (let t = 0, i = at; t < 16; t++, i += 4) {
    w[t] = (bytes[i]! << 24) | (bytes[i + 1]! << 16) | (bytes[i + 2]! << 8) | bytes[i + 3]!
  }

  extend(w)
  addBlock()
}

/** Zero bits at the start of the hash of a padded message, counted up to 64 */
export function leadingZeroBits(words: Int32Array): number {
  const [first, second] = hash(words) as unknown as [number, number]
  return first === 0 ? 32 + Math.clz32(second) : Math.clz32(first)
}
