/**
 * The proof of work: SHA-256(challenge:u64 ‖ nonce:u64) must start with a number of zero bits.
 *
 * @see docs/specs/gossip.md#the-gate
 */

const K = Int32Array.of(
  0x428a2f98,
  0x71374491,
  0xb5c0fbcf,
  0xe9b5dba5,
  0x3956c25b,
  0x59f111f1,
  0x923f82a4,
  0xab1c5ed5,
  0xd807aa98,
  0x12835b01,
  0x243185be,
  0x550c7dc3,
  0x72be5d74,
  0x80deb1fe,
  0x9bdc06a7,
  0xc19bf174,
  0xe49b69c1,
  0xefbe4786,
  0x0fc19dc6,
  0x240ca1cc,
  0x2de92c6f,
  0x4a7484aa,
  0x5cb0a9dc,
  0x76f988da,
  0x983e5152,
  0xa831c66d,
  0xb00327c8,
  0xbf597fc7,
  0xc6e00bf3,
  0xd5a79147,
  0x06ca6351,
  0x14292967,
  0x27b70a85,
  0x2e1b2138,
  0x4d2c6dfc,
  0x53380d13,
  0x650a7354,
  0x766a0abb,
  0x81c2c92e,
  0x92722c85,
  0xa2bfe8a1,
  0xa81a664b,
  0xc24b8b70,
  0xc76c51a3,
  0xd192e819,
  0xd6990624,
  0xf40e3585,
  0x106aa070,
  0x19a4c116,
  0x1e376c08,
  0x2748774c,
  0x34b0bcb5,
  0x391c0cb3,
  0x4ed8aa4a,
  0x5b9cca4f,
  0x682e6ff3,
  0x748f82ee,
  0x78a5636f,
  0x84c87814,
  0x8cc70208,
  0x90befffa,
  0xa4506ceb,
  0xbef9a3f7,
  0xc67178f2
)

/** Message schedule of the block being hashed: 16 bytes of message, the padding, and what follows from them */
const schedule = new Int32Array(64)
schedule[4] = 0x80000000
schedule[15] = 128

/**
 * Zero bits at the start of SHA-256(challenge ‖ nonce), counted up to 64. Both numbers as their high and low 32 bits:
 * the solver calls this millions of times a second, and bigints would cost more than the hash.
 */
export function leadingZeroBits(
  challengeHigh: number,
  challengeLow: number,
  nonceHigh: number,
  nonceLow: number
): number {
  const w = schedule
  w[0] = challengeHigh
  w[1] = challengeLow
  w[2] = nonceHigh
  w[3] = nonceLow

  for (let i = 16; i < 64; i++) {
    const early = w[i - 15]!
    const late = w[i - 2]!
    const s0 = ((early >>> 7) | (early << 25)) ^ ((early >>> 18) | (early << 14)) ^ (early >>> 3)
    const s1 = ((late >>> 17) | (late << 15)) ^ ((late >>> 19) | (late << 13)) ^ (late >>> 10)
    w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0
  }

  return compress(w)
}

function compress(w: Int32Array): number {
  let [a, b, c, d] = [0x6a09e667, 0xbb67ae85 | 0, 0x3c6ef372, 0xa54ff53a | 0]
  let [e, f, g, h] = [0x510e527f, 0x9b05688c | 0, 0x1f83d9ab, 0x5be0cd19]

  for (let i = 0; i < 64; i++) {
    const S1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const t1 = (h + S1 + (g ^ (e & (f ^ g))) + K[i]! + w[i]!) | 0
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

  const first = (a + 0x6a09e667) | 0
  return first === 0 ? 32 + Math.clz32((b + 0xbb67ae85) | 0) : Math.clz32(first)
}

/** Whether `nonce` answers `challenge`: one hash, a few microseconds at most */
export function proves(challenge: bigint, nonce: bigint, difficultyBits: number): boolean {
  return (
    leadingZeroBits(
      Number(challenge >> 32n),
      Number(challenge & 0xffffffffn),
      Number(nonce >> 32n),
      Number(nonce & 0xffffffffn)
    ) >= difficultyBits
  )
}
