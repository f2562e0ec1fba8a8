import { fixedPrefix, framed } from '@hearsay/protocol-core/pure'
import { decodeMidterm, encodeMidterm } from './codec-midterm.ts'
import { MIDTERM_OFFER_BITS, MIDTERM_PROTOCOL } from './constants.ts'
import { offerKey } from './offers.ts'
import { provesPacket } from './pow/proof.ts'
import type { MidtermMessage, MidtermOffer } from './codec-midterm.ts'
import type { Offer } from './codec.ts'
import type { Dialect } from './dialect.ts'

const PREFIX = fixedPrefix(2, { inclusive: true })

/** `/hearsay/gossip-midterm/1.0.0`: no gate. Each question carries a challenge, each offer a proof over itself. */
export const midtermDialect: Dialect = {
  name: 'gossip-midterm',
  protocol: MIDTERM_PROTOCOL,
  gated: false,
  // the engine sends what this dialect answered with, and announces
  encode: (message) => encodeMidterm(message as MidtermMessage),
  decode: decodeMidterm,
  greet: (port) => (port === 0 ? [] : [{ type: 'info', port }]),
  judge: () => [],
  ask: (random) => ({ type: 'discovery', challenge: random.uint64() }),
  // the challenge first: a proof over a whole packet is a hash of it
  answers: (question, offer) => offer.challenge === question.challenge && isProven(offer),
  offer: (peer, { challenge = 0n }, addresses) => {
    const offer: MidtermOffer = { type: 'offer', challenge, nonce: 0n, addresses }
    const packet = packetOf(offer)
    const ask = { type: 'prove', peer, offer, packet, difficultyBits: MIDTERM_OFFER_BITS } as const
    return { type: 'ask', key: offerKey(peer), ask }
  },
  idAfter: ({ id }) => id
}

function isProven({ challenge = 0n, nonce = 0n, addresses }: Offer): boolean {
  return provesPacket(packetOf({ type: 'offer', challenge, nonce, addresses }), MIDTERM_OFFER_BITS)
}

/** As it goes over the wire, its size included */
function packetOf(offer: MidtermOffer): Uint8Array {
  return framed(PREFIX, encodeMidterm(offer))
}
