import { narrowId, wideId } from './announce-id.ts'
import { decodeP2p, encodeP2p } from './codec-p2p.ts'
import { P2P_PROTOCOL } from './constants.ts'
import { close } from './gate.ts'
import type { Sha256 } from './announce-id.ts'
import type { P2pMessage } from './codec-p2p.ts'
import type { Dialect } from './dialect.ts'

/** `/hearsay/gossip-p2p/1.0.0`: the same gate, no questions for peers, and ids of 16 bits. */
export function p2pDialect(sha256: Sha256): Dialect {
  return {
    name: 'gossip-p2p',
    protocol: P2P_PROTOCOL,
    gated: true,
    // the engine sends what this dialect answered with, announces, and what belongs to the gate
    encode: (message) => encodeP2p(message as P2pMessage),
    decode: (frame) => {
      const message = decodeP2p(frame)
      return message.type === 'announce'
        ? { ...message, id: wideId(Number(message.id), message.dataType, message.data, sha256) }
        : message
    },
    greet: () => [],
    // a wrong proof is answered by closing
    judge: (valid) => (valid ? [{ type: 'verdict', valid }] : []),
    ask: () => undefined,
    answers: () => false,
    // there is no question, so nothing to answer
    offer: (peer) => close(peer, 'violation'),
    idAfter: ({ id, dataType, data }) => wideId(narrowId(id), dataType, data, sha256)
  }
}
