/**
 * The proofs of work of gossip: two sums, over challenge and nonce, and over a whole packet.
 *
 * @see docs/specs/gossip.md#the-gate
 */
import { hash } from 'node:crypto'
import { proves, provesPacket, solve, solvePacket } from '@hearsay/protocol-gossip/pow'
import { entryName, same } from './case.ts'
import { checkFrame, toHex } from './frames.ts'
import { midterm } from './gossip-dialects.ts'
import { has, hex, hex64, integer, list, object, text } from './json.ts'
import type { Case, Checker } from './case.ts'
import type { JsonObject } from './json.ts'

type VectorCheck = (vector: JsonObject, bits: number) => Promise<void>

/** Where an OFFER of the midterm dialect has its nonce */
const NONCE_AT = 12

/** Sums over challenge ‖ nonce */
export const challenges: Checker = (section) => vectorsOf(object(section, 'the section'), checkSmallestProof)

/** Sums over a whole OFFER */
export const offers: Checker = (section) => vectorsOf(object(section, 'the section'), checkOffer)

/** The vectors of the section named, under the difficulty of this one */
export const sameChallenges: Checker = (section, siblings) => {
  const own = object(section, 'the section')
  const name = text(own, 'sameVectorsAs')
  return vectorsOf({ ...object(siblings[name], `the section ${name}`), bits: integer(own, 'bits') }, checkSmallestProof)
}

/** That SHA-256(challenge ‖ nonce) is as stated, that we take it as a proof, and nothing that only looks like it */
export function checkProof(vector: JsonObject, bits: number): void {
  const [challenge, nonce] = [hex64(vector, 'challengeHex'), hex64(vector, 'nonceHex')]
  const sum = sha256(u64(challenge), u64(nonce))
  same('SHA-256(challenge ‖ nonce)', sum, text(vector, 'sha256'))
  same('whether the proof is accepted', proves(challenge, nonce, bits), true)
  same(`whether it is at ${zeroBits(sum)} bits`, proves(challenge, nonce, zeroBits(sum)), true)
  same(`whether it is at ${zeroBits(sum) + 1} bits`, proves(challenge, nonce, zeroBits(sum) + 1), false)
  checkStated(vector, 'originalAccepts', true)

  if (has(vector, 'swappedOrderSha256')) {
    same('SHA-256(nonce ‖ challenge)', sha256(u64(nonce), u64(challenge)), vector['swappedOrderSha256'])
    same('whether nonce and challenge swapped are accepted', proves(nonce, challenge, bits), false)
  }

  if (has(vector, 'littleEndianNonceSha256')) {
    const reversed = u64(nonce).toReversed()
    same('SHA-256 with a little-endian nonce', sha256(u64(challenge), reversed), vector['littleEndianNonceSha256'])
    same('whether a little-endian nonce is accepted', proves(challenge, BigInt(`0x${toHex(reversed)}`), bits), false)
  }
}

/** And that no smaller nonce would do, nor the next one */
async function checkSmallestProof(vector: JsonObject, bits: number): Promise<void> {
  checkProof(vector, bits)
  const [challenge, nonce] = [hex64(vector, 'challengeHex'), hex64(vector, 'nonceHex')]
  same('whether the next nonce is accepted', proves(challenge, nonce + 1n, bits), false)
  checkStated(vector, 'originalAcceptsNextNonce', false)
  same('smallestNonce', String(nonce), text(vector, 'smallestNonce'))
  same('the smallest nonce found', await solve(challenge, { difficultyBits: bits, start: 0n }), nonce)
}

async function checkOffer(vector: JsonObject, bits: number): Promise<void> {
  const [packet, nonce] = [hex(vector, 'packetHex'), hex64(vector, 'nonceHex')]
  const { challengeHex = null, challenge = null, addresses = null, nonceHex = null } = vector
  checkFrame(midterm, packet, { type: 506, challengeHex, addresses, nonceHex, ...(challenge && { challenge }) })
  const sum = sha256(packet)
  same('SHA-256 of the packet', sum, text(vector, 'sha256'))
  same('whether the proof is accepted', provesPacket(packet, bits), true)
  same(`whether it is at ${zeroBits(sum)} bits`, provesPacket(packet, zeroBits(sum)), true)
  same(`whether it is at ${zeroBits(sum) + 1} bits`, provesPacket(packet, zeroBits(sum) + 1), false)
  checkStated(vector, 'originalAccepts', true)
  same('whether the next nonce is accepted', provesPacket(withNonce(packet, u64(nonce + 1n)), bits), false)
  checkStated(vector, 'nextNonceAccepted', false)
  const reversed = withNonce(packet, u64(nonce).toReversed())
  same('whether a little-endian nonce is accepted', provesPacket(reversed, bits), false)
  checkStated(vector, 'nonceLittleEndianAccepted', false)
  same('smallestNonce', String(nonce), text(vector, 'smallestNonce'))
  const blank = withNonce(packet, u64(0n))
  same('the smallest nonce found', await solvePacket(blank, { difficultyBits: bits, start: 0n }), nonce)
}

function vectorsOf(section: JsonObject, check: VectorCheck): Case[] {
  const bits = integer(section, 'bits')
  return list(section['vectors'], 'vectors').map((vector, index) => ({
    name: `.vectors${entryName(vector, index)}`,
    check: () => check(object(vector, 'the case'), bits)
  }))
}

/** What the original does is optional, and what we do */
function checkStated(vector: JsonObject, key: string, ours: boolean): void {
  if (has(vector, key)) {
    same(key, vector[key], ours)
  }
}

function sha256(...parts: Uint8Array[]): string {
  return hash('sha256', Buffer.concat(parts), 'hex')
}

function zeroBits(sum: string): number {
  return 256 - BigInt(`0x${sum}`).toString(2).length
}

/** Big-endian */
function u64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value))
  return bytes
}

function withNonce(packet: Uint8Array, nonce: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(packet)
  changed.set(nonce, NONCE_AT)
  return changed
}
