import { DecodeError, seededRandom } from '@hearsay/protocol-core/pure'
import { hostileFrames } from '@hearsay/protocol-core/testing'
import { decode, encode } from '@hearsay/protocol-gossip/codec'
import type { Message } from '@hearsay/protocol-gossip/codec'

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

/** T1: whatever arrives, only DecodeError escapes, and soon. @returns what went wrong, if anything did */
export function attackCodec(frames: number, seed: number): string | undefined {
  for (const frame of hostileFrames(valid.map(encode), frames, seededRandom(seed))) {
    const text = (): string => Buffer.from(frame).toString('hex')
    // a frame that is slow is slow again; a machine that was busy is not
    const times = [decodeTime(frame)]

    for (let i = 0; i < 5 && Math.min(...times) > MAX_DECODE_TIME; i++) {
      times.push(decodeTime(frame))
    }

    if (times.includes(Number.NaN)) {
      return `an error other than DecodeError from ${text()}`
    } else if (Math.min(...times) > MAX_DECODE_TIME) {
      return `over ${MAX_DECODE_TIME} ms for ${text()}`
    }
  }

  return undefined
}

/** In ms; NaN when it threw what it must not throw */
function decodeTime(frame: Uint8Array): number {
  const start = performance.now()

  try {
    decode(frame)
  } catch (err) {
    if (!(err instanceof DecodeError)) {
      return Number.NaN
    }
  }

  return performance.now() - start
}
