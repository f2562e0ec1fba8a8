import { decode, encode } from './codec.ts'
import { PROTOCOL } from './constants.ts'
import type { Dialect } from './dialect.ts'

/** `/hearsay/gossip/1.0.0`: a gate, membership, and ids of 64 bits. */
export const gossipDialect: Dialect = {
  name: 'gossip',
  protocol: PROTOCOL,
  gated: true,
  encode,
  decode,
  greet: (port) => (port === 0 ? [] : [{ type: 'info', port }]),
  judge: (valid) => [{ type: 'verdict', valid }],
  ask: () => ({ type: 'discovery' }),
  answers: () => true,
  offer: (peer, _question, addresses) => ({ type: 'send', peer, message: { type: 'offer', addresses } }),
  idAfter: ({ id }) => id
}
