import { proves, provesPacket } from '@hearsay/protocol-gossip/pow'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { challengeMessage, leadingZeroBits } from './reference.ts'
import vectors from '../../../../interop/vectors/originals/gossip.json' with { type: 'json' }

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const u64 = fc.bigInt(0n, 2n ** 64n - 1n)
const fromHex = (hex: string): bigint => BigInt(`0x${hex}`)
const { pow, captured } = vectors

describe('proves', () => {
  test.each([
    ...pow.g1_final_peer_challenge.vectors.map((vector) => ({ bits: 24, ...vector })),
    ...pow['g1_before_2021-09-11_peer_challenge'].vectors.map((vector) => ({ bits: 16, ...vector })),
    ...captured.flatMap((vector) => (vector.nonceHex === undefined ? [] : [{ bits: 24, ...vector }]))
  ])('accepts $challengeHex $nonceHex at $bits bits', ({ challengeHex, nonceHex, bits, sha256 }) => {
    const [challenge, nonce] = [fromHex(challengeHex), fromHex(nonceHex)]
    const zeroBits = 256 - fromHex(sha256).toString(2).length
    expect(proves(challenge, nonce, bits)).toBe(true)
    expect(proves(challenge, nonce, zeroBits)).toBe(true)
    expect(proves(challenge, nonce, zeroBits + 1)).toBe(false)
    expect(proves(nonce, challenge, bits)).toBe(false)
    expect(proves(challenge, nonce + 1n, bits)).toBe(false)
  })

  test('looks past the first word of the hash', () => {
    expect(proves(0xdeadbeefcafebaben, (1n << 32n) + 201_544_087n, 33)).toBe(true)
    expect(proves(0xdeadbeefcafebaben, (1n << 32n) + 201_544_087n, 34)).toBe(false)
    expect(proves(0xdeadbeefcafebaben, 201_544_087n, 33)).toBe(false)
  })

  test('agrees with node:crypto', () => {
    fc.assert(
      fc.property(u64, u64, (challenge, nonce) => {
        const message = challengeMessage(challenge)
        message.writeBigUInt64BE(nonce, 8)
        const zeroBits = leadingZeroBits(message)
        expect(proves(challenge, nonce, zeroBits)).toBe(true)
        expect(proves(challenge, nonce, zeroBits + 1)).toBe(false)
      }),
      { numRuns: 1_000 }
    )
  })
})

describe('provesPacket', () => {
  test.each([
    ...pow.g1_midterm_peer_offer.vectors.map((vector) => ({ bits: 16, ...vector })),
    ...pow.peer_offer_24_bits.vectors.map((vector) => ({ bits: 24, ...vector }))
  ])('accepts the OFFER $packetHex at $bits bits', ({ packetHex, bits }) => {
    const packet = Buffer.from(packetHex, 'hex')
    expect(provesPacket(packet, bits)).toBe(true)
    packet[19]!++
    expect(provesPacket(packet, bits)).toBe(false)
  })

  test('agrees with node:crypto at every length', () => {
    for (let length = 0; length < 200; length++) {
      const packet = new Uint8Array(length).fill(length)
      const zeroBits = leadingZeroBits(packet)
      expect([length, provesPacket(packet, zeroBits)]).toEqual([length, true])
      expect([length, provesPacket(packet, zeroBits + 1)]).toEqual([length, false])
    }
  })
})
