/** `pnpm attack`: hostile bytes against every codec, and hostile peers against the engines. */
import { parseArgs } from 'node:util'
import { DecodeError, seededRandom } from '@hearsay/protocol-core/pure'
import { hostileFrames } from '@hearsay/protocol-core/testing'
import { dialectsOf } from '@hearsay/protocol-gossip/engine'
import { runFlood, runSybils } from './src/gossip-hostile.ts'
import { runGossip } from './src/gossip.ts'
import type { Message } from '@hearsay/protocol-gossip/codec'
import type { Dialect } from '@hearsay/protocol-gossip/engine'

const HELP = `Usage: pnpm attack [options]

Options:
  --frames <n>  damaged frames for each codec (default 1000000)
  --seed <n>    what to repeat (default: the time)
  --help        this text
`

/** The longest a decoder may take over one frame, in ms */
const MAX_DECODE_TIME = 50

const addresses = ['/ip4/192.0.2.1/tcp/6001/p2p/12D3KooW', '/dns/example.org/tcp/1/p2p/12D3KooX']
const data = new Uint8Array(200).fill(0xa5)
const announce: Message = { type: 'announce', id: 0x0123456789abcdefn, ttl: 7, dataType: 1_337, data }
const gate: Message[] = [
  { type: 'challenge', challenge: 2n ** 64n - 1n },
  { type: 'proof', nonce: 1n },
  { type: 'verdict', valid: true }
]
const info: Message = { type: 'info', port: 6_001 }

/** Every message of each dialect */
const valid: Record<Dialect['name'], Message[]> = {
  gossip: [announce, ...gate, info, { type: 'discovery' }, { type: 'offer', addresses }],
  'gossip-p2p': [announce, ...gate],
  'gossip-midterm': [
    announce,
    info,
    { type: 'discovery', challenge: 3n },
    { type: 'offer', addresses, challenge: 3n, nonce: 4n }
  ]
}

/** T1: whatever arrives, only DecodeError escapes, and soon. @returns what went wrong, if anything did */
function attackCodec(dialect: Dialect, frames: number, seed: number): string | undefined {
  const random = seededRandom(seed)
  const encoded = valid[dialect.name].map((message) => dialect.encode(message))

  for (const frame of hostileFrames(encoded, frames, random)) {
    try {
      // on a busy machine anything may take long once: what does so each time is slow
      if (timeOf(dialect, frame) > MAX_DECODE_TIME && timeOf(dialect, frame) > MAX_DECODE_TIME) {
        return `over ${MAX_DECODE_TIME} ms for ${Buffer.from(frame).toString('hex')}`
      }
    } catch (err) {
      return `${String(err)} from ${Buffer.from(frame).toString('hex')}`
    }
  }

  return undefined
}

/** In ms. @throws whatever is no DecodeError */
function timeOf(dialect: Dialect, frame: Uint8Array): number {
  const start = performance.now()

  try {
    dialect.decode(frame)
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

/** T5: one node announces ten times what all others do together */
function attackByFlood(seed: number): string | undefined {
  const config = { degree: 6, announceRate: 5, announceBurst: 10 }
  const { delivery } = runFlood({ seed, honest: 100, offered: 10, flood: 100, seconds: 20, config })
  return delivery >= 0.99 ? undefined : `${delivery} of the honest announces arrived, at least 0.99 expected`
}

/** T13: four hundred identities that swallow what they hear, among a hundred honest nodes */
function attackBySybils(seed: number): string | undefined {
  const config = { degree: 10, minConnections: 10 }
  const { delivery } = runSybils({ seed, honest: 100, sybils: 400, threads: 16, knownPeers: 4, config })
  return delivery >= 0.99 ? undefined : `${delivery} of the announces arrived, at least 0.99 expected`
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
    ...dialectsOf(['gossip', 'gossip-p2p', 'gossip-midterm']).map((dialect): [string, () => string | undefined] => [
      `T1 ${dialect.name} codec, ${values.frames} damaged frames`,
      () => attackCodec(dialect, Number(values.frames), seed)
    ]),
    ['T5 flood of ten times the honest load', () => attackByFlood(seed)],
    ['T6 storm of 200 announces, 50 remembered', () => attackByStorm(seed)],
    ['T13 400 identities among 100 nodes', () => attackBySybils(seed)]
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
