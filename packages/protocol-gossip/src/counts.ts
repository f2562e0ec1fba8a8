/** What became of an announce, or of a part of its way. */
export type Fate =
  /** Made here */
  | 'own'
  /** Came from a peer; each of these is also one of those below */
  | 'received'
  | 'duplicate'
  /** Its peer sent more than it may */
  | 'limited'
  /** Too long for some dialect */
  | 'oversized'
  /** Nobody here subscribed to its type; passed on only with relayUnknown */
  | 'unknown'
  | 'valid'
  | 'invalid'
  /** No verdict in time */
  | 'expired'
  /** Too many waited for verdicts */
  | 'displaced'
  /** Sent to a peer, first or further on */
  | 'sent'

/** Numbers that only grow. */
export type Counts = Record<Fate, number>

export function noCounts(): Counts {
  return {
    own: 0,
    received: 0,
    duplicate: 0,
    limited: 0,
    oversized: 0,
    unknown: 0,
    valid: 0,
    invalid: 0,
    expired: 0,
    displaced: 0,
    sent: 0
  }
}
