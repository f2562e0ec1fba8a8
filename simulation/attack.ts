/** `pnpm attack`: hostile bytes against every codec, and hostile peers against the engines. */
import { parseArgs } from 'node:util'
import { DecodeError, seededRandom } from '@hearsay/protocol-core/pure'
import { hostileFrames } from '@hearsay/protocol-core/testing'
import { decode, encode } from '@hearsay/protocol-gossip/codec'
import {
  compressSnappy,
  decodeMessages,
  decodeTransmission,
  decodeValue,
  decompressSnappy,
  encodeValue,
  Opcode,
  packMessages,
  unsignedMessage
} from '@hearsay/protocol-shout/codec'
import { runGossip } from './src/gossip.ts'
import { BITS, fakeKey } from './src/shout-crypto.ts'
import type { Message } from '@hearsay/protocol-gossip/codec'
import type { Value } from '@hearsay/protocol-shout/codec'

const HELP = `Usage: pnpm attack [options]

Options:
  --frames <n>  damaged frames for each codec (default 1000000)
  --seed <n>    what to repeat (default: the time)
  --help        this text
`

/** The longest a decoder may take over one frame, in ms */
const MAX_DECODE_TIME = 50

/** A codec, and frames it takes */
interface Target {
  name: string
  decode: (frame: Uint8Array) => unknown
  valid: Uint8Array[]
}

const announces: Message[] = [
  { type: 'announce', id: 0x0123456789abcdefn, ttl: 7, dataType: 1_337, data: new Uint8Array(200).fill(0xa5) },
  { type: 'discovery' },
  { type: 'offer', addresses: ['/ip4/192.0.2.1/tcp/6001/p2p/12D3KooW', '/dns/example.org/tcp/1/p2p/12D3KooX'] },
  { type: 'info', port: 6_001 },
  { type: 'challenge', challenge: 2n ** 64n - 1n },
  { type: 'proof', nonce: 1n },
  { type: 'verdict', valid: true }
]

const values: Value[] = [null, 'text', [1, [2n ** 60n, { a: 1.5 }]], { app: 'x', data: new Uint8Array(40) }]

const shouts = values.map((value) => {
  const key = fakeKey('attacker')
  return unsignedMessage(BITS, { opcode: Opcode.SHOUT, sealed: false, from: key, to: key, payload: encodeValue(value) })
})

const targets: Target[] = [
  { name: 'gossip codec', decode, valid: announces.map(encode) },
  {
    name: 'shout transmissions',
    // without the first byte, which is the frame's prefix
    decode: (frame) => decodeMessages(decodeTransmission(frame).body, BITS).map(({ payload }) => decodeValue(payload)),
    valid: [...shouts.map((shout) => packMessages([shout]).subarray(1)), packMessages(shouts).subarray(1)]
  },
  { name: 'shout values', decode: decodeValue, valid: values.map(encodeValue) },
  { name: 'Snappy blocks', decode: (block) => decompressSnappy(block, 2 ** 22), valid: shouts.map(compressSnappy) }
]

/** T1: whatever arrives, only DecodeError escapes, and soon. @returns what went wrong, if anything did */
function attackCodec({ decode: attacked, valid }: Target, frames: number, seed: number): string | undefined {
  const random = seededRandom(seed)

  for (const frame of hostileFrames(valid, frames, random)) {
    const start = performance.now()

    try {
      attacked(frame)
    } catch (err) {
      if (!(err instanceof DecodeError)) {
        return `${String(err)} from ${Buffer.from(frame).toString('hex')}`
      }
    }

    if (performance.now() - start > MAX_DECODE_TIME) {
      return `over ${MAX_DECODE_TIME} ms for ${Buffer.from(frame).toString('hex')}`
    }
  }

  return undefined
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

const { values: options } = parseArgs({
  options: {
    frames: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now()) },
    help: { type: 'boolean' }
  }
})

if (options.help === true) {
  console.log(HELP)
} else {
  const seed = Number(options.seed)
  const attacks: [string, () => string | undefined][] = [
    ...targets.map((target): [string, () => string | undefined] => [
      `T1 ${target.name}, ${options.frames} damaged frames`,
      () => attackCodec(target, Number(options.frames), seed)
    ]),
    ['T6 storm of 200 announces, 50 remembered', () => attackByStorm(seed)]
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
