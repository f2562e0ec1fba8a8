import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { challengePuzzle, packetPuzzle } from '../../src/pow/proof.ts'
import { fastestScan, scalarScan } from '../../src/pow/scan.ts'
import { scannerBase64 } from '../../src/pow/scan.generated.ts'
import { search } from '../../src/pow/search.ts'
import { simdScan } from '../../src/pow/simd-scan.ts'
import { scannerModule } from '../../wasm/scanner.ts'
import { challengeMessage, firstProof } from './reference.ts'
import type { Puzzle } from '../../src/pow/proof.ts'
import type { Scan } from '../../src/pow/scan.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const scans: [name: string, scan: (puzzle: Puzzle) => Scan][] = [
  ['SIMD', (puzzle) => simdScan(puzzle, scalarScan(puzzle))],
  ['scalar', scalarScan]
]
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const low = u32.map((value) => value - (value % 4))
/** At most 256 nonces, so mostly few bits */
const bits = fc.oneof({ weight: 4, arbitrary: fc.nat(10) }, { weight: 1, arbitrary: fc.nat(40) })
const refuse = (): never => {
  throw new Error('Refused to compile or instantiate WebAssembly module')
}
const fours = fc.integer({ min: 1, max: 64 })

afterEach(() => {
  vi.unstubAllGlobals()
})

test('the generated module is what the generator makes now (node wasm/build.ts)', () => {
  expect(scannerBase64).toBe(Buffer.from(scannerModule()).toString('base64'))
})

describe.each(scans)('the %s scan', (_, scanOf) => {
  test('finds the smallest nonce of a challenge, as node:crypto does', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), u32, low, fours, bits, (challenge, high, from, groups, difficulty) => {
        const count = Math.min(4 * groups, 2 ** 32 - from)
        const start = (BigInt(high) << 32n) | BigInt(from)
        const found = scanOf(challengePuzzle(challenge, difficulty))(high, from, count)
        const expected = firstProof(challengeMessage(challenge), 8, start, count, difficulty)
        expect(found).toBe(expected === undefined ? -1 : Number(expected & 0xffffffffn))
      }),
      { numRuns: 300 }
    )
  })

  test('finds the smallest nonce of a packet of any length, as node:crypto does', () => {
    const packets = fc.uint8Array({ minLength: 20, maxLength: 300 })
    fc.assert(
      fc.property(packets, u32, low, fours, bits, (packet, high, from, groups, difficulty) => {
        const count = Math.min(4 * groups, 2 ** 32 - from)
        const start = (BigInt(high) << 32n) | BigInt(from)
        const found = scanOf(packetPuzzle(packet, difficulty))(high, from, count)
        const expected = firstProof(Buffer.from(packet), 12, start, count, difficulty)
        expect(found).toBe(expected === undefined ? -1 : Number(expected & 0xffffffffn))
      }),
      { numRuns: 300 }
    )
  })

  test('takes the longest packet', () => {
    const packet = Buffer.alloc(65_535, 7)
    const found = scanOf(packetPuzzle(packet, 4))(0, 0, 64)
    expect(found).toBe(Number(firstProof(packet, 12, 0n, 64, 4)))
  })

  test('looks past the first word of the hash', () => {
    // 33 zero bits and no more; found by this scanner, 4.5 thousand million hashes from 0
    const nonce = 201_544_087
    expect(scanOf(challengePuzzle(0xdeadbeefcafebaben, 33))(1, nonce - 2_007, 4_096)).toBe(nonce)
    expect(scanOf(challengePuzzle(0xdeadbeefcafebaben, 34))(1, nonce - 2_007, 4_096)).toBe(-1)
  })
})

describe('the fastest scan', () => {
  const puzzle = challengePuzzle(0n, 16)
  test.each([
    ['missing', undefined],
    ['refused', { Module: refuse, Instance: refuse }]
  ])('does without WebAssembly where it is %s', (_, stub) => {
    vi.stubGlobal('WebAssembly', stub)
    expect(fastestScan(puzzle)(0, 0, 2 ** 17)).toBe(119_704)
  })

  test('uses WebAssembly where it can', () => {
    const instantiated = vi.spyOn(WebAssembly, 'Instance')
    expect(fastestScan(puzzle)(0, 0, 2 ** 17)).toBe(119_704)
    expect(instantiated).toHaveBeenCalledOnce()
    instantiated.mockRestore()
  })
})

describe('search', () => {
  const carries = fc.oneof(
    fc.constant(2n ** 64n),
    fc.bigInt(1n, 2n ** 32n - 1n).map((high) => high << 32n)
  )

  test('carries into the high word, and from the last nonce to 0', () => {
    fc.assert(
      fc.property(
        carries,
        fc.integer({ min: 1, max: 32 }),
        fc.bigInt(0n, 2n ** 64n - 1n),
        (carry, groups, challenge) => {
          const start = carry - 4n * BigInt(groups)
          const slices = search(fastestScan(challengePuzzle(challenge, 8)), start, 64)
          let slice = slices.next()
          let tried = 0

          while (slice.done !== true) {
            tried += slice.value
            slice = slices.next()
          }

          expect(slice.value).toBe(firstProof(challengeMessage(challenge), 8, start, 1e5, 8))
          expect(BigInt.asUintN(64, slice.value - start) - BigInt(tried)).toBeLessThan(64n)
        }
      ),
      { numRuns: 300 }
    )
  })
})
