/**
 * What a proof of work is, and whether a nonce is one. The verifier's side: pure and synchronous.
 *
 * @see docs/specs/gossip.md#the-gate
 */
import { Sha256 } from '@hearsay/protocol-core/pure'

/** A message that lacks its nonce */
export interface Puzzle {
  /** The message as SHA-256 hashes it: 32-bit words, padded. The two of the nonce are there to be overwritten. */
  words: Int32Array
  /** The index of the nonce's low word; its high word is the one before */
  counter: 3 | 4
  /** Zero bits the hash must start with, 0–64 */
  difficultyBits: number
}

/** The gate's: challenge u64 ‖ nonce u64 */
export function challengePuzzle(challenge: bigint, difficultyBits: number): Puzzle {
  const message = new Uint8Array(16)
  new DataView(message.buffer).setBigUint64(0, challenge)
  return { words: Sha256.pad(message), counter: 3, difficultyBits }
}

/** The midterm OFFER's: the whole packet, with the nonce in bytes 12–19 */
export function packetPuzzle(packet: Uint8Array, difficultyBits: number): Puzzle {
  return { words: Sha256.pad(packet), counter: 4, difficultyBits }
}

const { words: scratch } = challengePuzzle(0n, 0)

/**
 * Whether SHA-256(challenge ‖ nonce), both as big-endian u64, starts with `difficultyBits` zero bits: one hash, about a
 * microsecond.
 *
 * @param challenge - 0 to 2^64 − 1, like `nonce`
 * @param difficultyBits - 0 (any nonce will do) to 64
 */
export function proves(challenge: bigint, nonce: bigint, difficultyBits: number): boolean {
  scratch[0] = Number(challenge >> 32n)
  scratch[1] = Number(challenge & 0xffffffffn)
  scratch[2] = Number(nonce >> 32n)
  scratch[3] = Number(nonce & 0xffffffffn)
  return Sha256.leadingZeroBits(scratch) >= difficultyBits
}

/**
 * Whether SHA-256 of the whole packet, its size and type included, starts with `difficultyBits` zero bits. This is the
 * midterm dialect's OFFER; whether its challenge was issued here, and lately, is the caller's question.
 *
 * @param packet - any length; a microsecond per 64 bytes
 * @param difficultyBits - 0 to 64
 */
export function provesPacket(packet: Uint8Array, difficultyBits: number): boolean {
  return Sha256.leadingZeroBits(Sha256.pad(packet)) >= difficultyBits
}
