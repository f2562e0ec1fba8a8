/** `pnpm attack`: hostile bytes against every codec, and hostile peers against the engines. */
import { parseArgs } from 'node:util'
import { DecodeError, seededRandom } from '@hearsay/protocol-core/pure'
import { hostileFrames } from '@hearsay/protocol-core/testing'
import { decode, encode } from '@hearsay/protocol-gossip/codec'
import * as cup2py from '@hearsay/protocol-cup2py/codec'
import { runCup2py } from './src/cup2py.ts'
import { runGossip } from './src/gossip.ts'
import type { Message } from '@hearsay/protocol-gossip/codec'

const HELP = `Usage: pnpm attack [options]

Options:
  --frames <n>  damaged frames for each codec (default 1000000)
  --seed <n>    what to repeat (default: the time)
  --help        this text
`

/** The longest a decoder may take over one frame, in ms */
const MAX_DECODE_TIME = 50

const valid: Message[] = [
  { type: 'announce', id: 0x0123456789abcdefn, ttl: 7, dataType: 1_337, data: new Uint8Array(200).fill(0xa5) },
  { type: 'discovery' },
  { type: 'offer', addresses: ['/ip4/192.0.2.1/tcp/6001/p2p/12D3KooW', '/dns/example.org/tcp/1/p2p/12D3KooX'] },
  { type: 'info', port: 6_001 },
  { type: 'challenge', challenge: 2n ** 64n - 1n },
  { type: 'proof', nonce: 1n },
  { type: 'verdict', valid: true }
]

const publicKey = `-----BEGIN RSA PUBLIC KEY-----\n${'A'.repeat(64)}\nAQAB\n-----END RSA PUBLIC KEY-----\n`
const hash = cup2py.userHash(publicKey)
const address = '/ip4/192.0.2.1/tcp/6001/p2p/12D3KooW'
const record = { hash, publicKey, address, date: '2024-02-29 12:00:30.500000', signature: 'c2ln' }
const requests: cup2py.Message[] = [
  { type: 'update', record, depth: 3, checked: [] },
  { type: 'update', record: { ...record, date: '2024-01-01 00:00:00' }, depth: 0, checked: [hash, hash] },
  { type: 'search', target: hash, sender: record, depth: 16, checked: Array.from({ length: 20 }, () => hash) }
]

/** T1: whatever arrives, only DecodeError escapes, and soon. @returns what went wrong, if anything did */
function attackCodec(
  good: readonly Uint8Array[],
  read: (frame: Uint8Array) => unknown,
  frames: number,
  seed: number
): string | undefined {
  const random = seededRandom(seed)

  for (const frame of hostileFrames(good, frames, random)) {
    try {
      // once more, if it was slow: what is slow each time is the frame's fault, not the machine's
      if (decodeTime(read, frame) > MAX_DECODE_TIME && decodeTime(read, frame) > MAX_DECODE_TIME) {
        return `over ${MAX_DECODE_TIME} ms for ${Buffer.from(frame).toString('hex')}`
      }
    } catch (err) {
      return `${String(err)} from ${Buffer.from(frame).toString('hex')}`
    }
  }

  return undefined
}

function decodeTime(read: (frame: Uint8Array) => unknown, frame: Uint8Array): number {
  const start = performance.now()

  try {
    read(frame)
  } catch (err) {
    if (!(err instanceof DecodeError)) {
      throw err
    }
  }

  return performance.now() - start
}

/** T6: two hundred announces of unlimited ttl, and room to remember fifty: each is passed on once by each node */
function attackByStorm(seed: number): string | undefined {
  const nodes = 200
  const degree = 4
  const result = runGossip({
    name: 'storm',
    seed,
    nodes,
    knownPeers: 3,
    latency: [10, 120],
    warmUpCooldowns: 3,
    announces: 200,
    settle: 60_000,
    config: { degree, cacheSize: 50 },
    expect: { coverage: 0, redundancy: Infinity, connected: 0, p99Latency: Infinity }
  })
  const received = result.redundancy * result.coverage * 200 * (nodes - 1)
  return received <= nodes * degree * 200 ? undefined : `${received} messages, at most ${nodes * degree * 200} expected`
}

/** T7: a search among 1,000 users; without memory of searches it would be over two million messages */
function attackBySearch(seed: number): string | undefined {
  const { highestCost, found } = runCup2py({
    name: 'search bomb',
    protocol: 'cup2py',
    seed,
    nodes: 1_000,
    bookEntries: 8,
    latency: [50, 50],
    searches: 1,
    searchDepth: 7,
    config: { dialRate: 1_000 },
    expect: { found: 1, cost: 1 }
  })
  return highestCost <= 1 && found === 1 ? undefined : `${highestCost} messages an edge, found ${found}`
}

const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now()) },
    help: { type: 'boolean' }
  }
})

if (values.help === true) {
  console.log(HELP)
} else {
  const seed = Number(values.seed)
  const attacks: [string, () => string | undefined][] = [
    [
      `T1 gossip codec, ${values.frames} damaged frames`,
      () => attackCodec(valid.map(encode), decode, Number(values.frames), seed)
    ],
    [
      `T1 cup2py codec, ${values.frames} damaged frames`,
      () => attackCodec(requests.map(cup2py.encode), cup2py.decode, Number(values.frames), seed)
    ],
    ['T6 storm of 200 announces, 50 remembered', () => attackByStorm(seed)],
    ['T7 a search among 1,000 users with books of 8', () => attackBySearch(seed)]
  ]
  let failed = 0

  for (const [name, attack] of attacks) {
    const start = performance.now()
    const problem = attack()
    failed += problem === undefined ? 0 : 1
    const took = `${((performance.now() - start) / 1_000).toFixed(1)} s`
    console.log(
      problem === undefined ? `pass ${name}, ${took}` : `FAIL ${name}: ${problem}; replay with --seed ${seed}`
    )
  }

  console.log(`${attacks.length - failed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}
