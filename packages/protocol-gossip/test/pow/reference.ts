/** What a proof of work is, said a second time: with node:crypto, one hash after the other. */
import { createHash } from 'node:crypto'

/** challenge u64 ‖ nonce u64 */
export function challengeMessage(challenge: bigint): Buffer {
  const message = Buffer.alloc(16)
  message.writeBigUInt64BE(challenge)
  return message
}

export function leadingZeroBits(message: Uint8Array): number {
  const hash = createHash('sha256').update(message).digest('hex')
  return 256 - BigInt(`0x${hash}`).toString(2).replace(/^0$/, '').length
}

/** The first nonce from `start` on that is a proof, written at `offset`, among `count` of them */
export function firstProof(
  message: Buffer,
  offset: number,
  start: bigint,
  count: number,
  difficultyBits: number
): bigint | undefined {
  const copy = Buffer.from(message)

  for (let i = 0; i < count; i++) {
    const nonce = BigInt.asUintN(64, start + BigInt(i))
    copy.writeBigUInt64BE(nonce, offset)

    if (leadingZeroBits(copy) >= difficultyBits) {
      return nonce
    }
  }

  return undefined
}
