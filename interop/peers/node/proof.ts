/** Proofs of work. @see docs/specs/gossip.md#the-gate */
import { createHash } from 'node:crypto'
import { setImmediate as pause } from 'node:timers/promises'
import { hasFault } from './fault.ts'

/** Tries between two looks at what else there is to do */
const BATCH = 20_000

export function sum(challenge: bigint, nonce: bigint): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeBigUInt64BE(challenge)

  if (hasFault('little-endian-proof')) {
    bytes.writeBigUInt64LE(nonce, 8)
  } else {
    bytes.writeBigUInt64BE(nonce, 8)
  }

  return createHash('sha256').update(bytes).digest()
}

export function proves(challenge: bigint, nonce: bigint, bits: number): boolean {
  return bits === 0 || sum(challenge, nonce).readUInt32BE(0) >>> (32 - bits) === 0
}

/** The smallest nonce */
export async function solve(challenge: bigint, bits: number): Promise<bigint> {
  for (let nonce = 0n; ; nonce++) {
    if (proves(challenge, nonce, bits)) {
      return nonce
    } else if (nonce % BigInt(BATCH) === 0n) {
      await pause()
    }
  }
}
