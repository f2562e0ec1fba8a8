import { plainSipHash } from '../../packages/protocol-gossip/src/sip-hash.ts'
import { wasmSipHash } from '../../packages/protocol-gossip/src/wasm-sip-hash.ts'
import { interleave, perSecond } from './rounds.ts'
import type { SipHash } from '../../packages/protocol-gossip/src/sip-hash.ts'
import type { Comparison } from './comparison.ts'
import type { Context } from './part.ts'
import type { Subject } from './rounds.ts'

const BATCH = 100
const key = Int32Array.of(1, 2, 3, 4)
const header = Int32Array.of(5, 6, 7, 0)

function hashing(name: string, hash: SipHash, bytes: number): Subject {
  const data = new Uint8Array(bytes).fill(0xa5)
  return {
    name: `${name}, ${bytes} B`,
    measure: async () =>
      perSecond(BATCH, () => {
        for (let i = 0; i < BATCH; i++) {
          header[0] = i
          hash(header, data)
        }
      })
  }
}

/** What an announce is remembered by: both ways of computing it */
export async function benchDigest({ rounds, print }: Context): Promise<Comparison[]> {
  const comparisons: Comparison[] = []

  for (const [bytes, target] of [
    [100, 1],
    [1_024, 3],
    [16_384, 4]
  ] as const) {
    const subjects = [
      hashing('WebAssembly', wasmSipHash(key), bytes),
      hashing('plain JavaScript', plainSipHash(key), bytes)
    ]
    const measured = await interleave(subjects, rounds)
    measured.forEach(({ name, median }) =>
      print(`  ${name}: ${Math.round(median).toLocaleString('en')} per s, ${Math.round((median * bytes) / 1e6)} MB/s`)
    )
    const ratio = measured[0]!.median / measured[1]!.median
    comparisons.push({ what: `SipHash of ${bytes} B in WebAssembly against plain JavaScript`, ratio, target })
  }

  return comparisons
}
