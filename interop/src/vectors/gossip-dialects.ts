/**
 * The frames of gossip: the module API's, and those of the three dialects between peers.
 *
 * @see docs/specs/gossip.md#wire
 */
import { decode, encode } from '@hearsay/protocol-gossip/codec'
import { decodeApi, encodeApi } from '../../../packages/node/src/api/messages.ts'
import { decodeMidterm, encodeMidterm } from '../../../packages/protocol-gossip/src/codec-midterm.ts'
import { decodeP2p, encodeP2p } from '../../../packages/protocol-gossip/src/codec-p2p.ts'
import type { Message } from '@hearsay/protocol-gossip/codec'
import type { ApiMessage } from '../../../packages/node/src/api/messages.ts'
import type { MidtermMessage } from '../../../packages/protocol-gossip/src/codec-midterm.ts'
import type { P2pMessage } from '../../../packages/protocol-gossip/src/codec-p2p.ts'
import type { Dialect } from './frames.ts'

const HEADER = '00000000'
/** In ANNOUNCE after the id and the ttl, in INFO before the port */
const PEER_RESERVED = { 504: `${HEADER}${'00'.repeat(9)}ff`, 507: `${HEADER}ffff` }

export const api: Dialect<ApiMessage> = {
  decode: decodeApi,
  encode: encodeApi,
  reserved: { 500: `${HEADER}00ff`, 501: `${HEADER}ffff`, 503: `${HEADER}0000fffe` }
}

/** `/hearsay/gossip/1.0.0` */
export const final: Dialect<Message> = {
  decode,
  encode,
  reserved: { ...PEER_RESERVED, 510: `${HEADER}fffffffe` }
}

/** `/hearsay/gossip-midterm/1.0.0` */
export const midterm: Dialect<MidtermMessage> = {
  decode: decodeMidterm,
  encode: encodeMidterm,
  reserved: PEER_RESERVED
}

/** `/hearsay/gossip-p2p/1.0.0`; its ids are numbers of 16 bits, and its verdict is always a good one */
export const p2p: Dialect<P2pMessage> = {
  decode: decodeP2p,
  encode: encodeP2p,
  reserved: { 507: `${HEADER}${'00'.repeat(5)}ffffff` },
  named: (message) => {
    switch (message.type) {
      case 'announce': {
        const { id, ...rest } = message
        return { ...rest, messageId: Number(id) }
      }
      case 'verdict':
        return {}
      default:
        return message
    }
  }
}
