/** T1: hostile bytes against every codec. */
import { DecodeError, seededRandom } from '@hearsay/protocol-core/pure'
import { hostileFrames } from '@hearsay/protocol-core/testing'
import * as cup2py from '@hearsay/protocol-cup2py/codec'
import { dialectsOf } from '@hearsay/protocol-gossip/engine'
import * as shout from '@hearsay/protocol-shout/codec'
import { BITS, fakeKey } from './shout-crypto.ts'
import type { Message } from '@hearsay/protocol-gossip/codec'
import type { Dialect } from '@hearsay/protocol-gossip/engine'

/** A codec, and frames it takes */
export interface Target {
  name: string
  decode: (frame: Uint8Array) => unknown
  valid: Uint8Array[]
}

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

/** Every message of each dialect of gossip */
const gossipMessages: Record<Dialect['name'], Message[]> = {
  gossip: [announce, ...gate, info, { type: 'discovery' }, { type: 'offer', addresses }],
  'gossip-p2p': [announce, ...gate],
  'gossip-midterm': [
    announce,
    info,
    { type: 'discovery', challenge: 3n },
    { type: 'offer', addresses, challenge: 3n, nonce: 4n }
  ]
}

const publicKey = `-----BEGIN RSA PUBLIC KEY-----\n${'A'.repeat(64)}\nAQAB\n-----END RSA PUBLIC KEY-----\n`
const hash = cup2py.userHash(publicKey)
const record = { hash, publicKey, address: addresses[0]!, date: '2024-02-29 12:00:30.500000', signature: 'c2ln' }
const requests: cup2py.Message[] = [
  { type: 'update', record, depth: 3, checked: [] },
  { type: 'update', record: { ...record, date: '2024-01-01 00:00:00' }, depth: 0, checked: [hash, hash] },
  { type: 'search', target: hash, sender: record, depth: 16, checked: Array.from({ length: 20 }, () => hash) }
]

const values: shout.Value[] = [null, 'text', [1, [2n ** 60n, { a: 1.5 }]], { app: 'x', data: new Uint8Array(40) }]

const shouts = values.map((value) => {
  const key = fakeKey('attacker')
  return shout.unsignedMessage(BITS, {
    opcode: shout.Opcode.SHOUT,
    sealed: false,
    from: key,
    to: key,
    payload: shout.encodeValue(value)
  })
})

export const targets: readonly Target[] = [
  ...dialectsOf(['gossip', 'gossip-p2p', 'gossip-midterm']).map((dialect) => ({
    name: `${dialect.name} codec`,
    decode: (frame: Uint8Array) => dialect.decode(frame),
    valid: gossipMessages[dialect.name].map((message) => dialect.encode(message))
  })),
  { name: 'cup2py codec', decode: cup2py.decode, valid: requests.map(cup2py.encode) },
  {
    name: 'shout transmissions',
    // without the first byte, which is the frame's prefix
    decode: (frame) =>
      shout.decodeMessages(shout.decodeTransmission(frame).body, BITS).map(({ payload }) => shout.decodeValue(payload)),
    valid: [...shouts.map((each) => shout.packMessages([each]).subarray(1)), shout.packMessages(shouts).subarray(1)]
  },
  { name: 'shout values', decode: shout.decodeValue, valid: values.map(shout.encodeValue) },
  {
    name: 'Snappy blocks',
    decode: (block) => shout.decompressSnappy(block, 2 ** 22),
    valid: shouts.map(shout.compressSnappy)
  }
]

/** Whatever arrives, only DecodeError escapes, and soon. @returns what went wrong, if anything did */
export function attackCodec({ decode, valid }: Target, frames: number, seed: number): string | undefined {
  for (const frame of hostileFrames(valid, frames, seededRandom(seed))) {
    try {
      // on a busy machine anything may take long once: what does so each time is slow
      if (timeOf(decode, frame) > MAX_DECODE_TIME && timeOf(decode, frame) > MAX_DECODE_TIME) {
        return `over ${MAX_DECODE_TIME} ms for ${Buffer.from(frame).toString('hex')}`
      }
    } catch (err) {
      return `${String(err)} from ${Buffer.from(frame).toString('hex')}`
    }
  }

  return undefined
}

/** In ms. @throws whatever is no DecodeError */
function timeOf(decode: Target['decode'], frame: Uint8Array): number {
  const start = performance.now()

  try {
    decode(frame)
  } catch (err) {
    if (!(err instanceof DecodeError)) {
      throw err
    }
  }

  return performance.now() - start
}
