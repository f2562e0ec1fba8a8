import type { CloseReason as Cup2pyReason } from '@hearsay/protocol-cup2py'
import type { CloseReason as GossipReason } from '@hearsay/protocol-gossip'
import type { CloseReason as ShoutReason } from '@hearsay/protocol-shout'

type Meanings<Reason extends string> = Readonly<Record<Reason, string>>

const GOSSIP: Meanings<GossipReason> = {
  malformed: 'it sent bytes that are no message; it is refused for a while',
  violation: 'it sent a message out of turn; it is refused for a while',
  'wrong proof': 'its proof of work is none; it is refused for a while. Is its --difficulty-bits ours?',
  banned: 'it came back too early after an offence',
  late: 'it did not pass the gate within --challenge-timeout',
  crowded: 'too many waited at the gate',
  unsolved: 'we found no proof of work for it: its difficulty is beyond what we search',
  refused: 'it did not accept our proof of work. Is its --difficulty-bits ours?',
  evicted: 'a newer peer took its place, as the oldest one leaves when --max-connections is reached'
}

const CUP2PY: Meanings<Exclude<Cup2pyReason, 'idle'>> = {
  malformed: 'it sent bytes that are no request; it is refused for a while',
  forged: 'it sent a record that its key did not sign; it is refused for a while',
  banned: 'it came back too early after an offence',
  crowded: 'it was silent for longest, and its place was needed'
}

const SHOUT: Meanings<Exclude<ShoutReason, 'idle'>> = {
  malformed: 'it sent bytes that are no message, or a wrong signature',
  violation: 'it sent a message out of turn, or by a key that is not its own',
  subnet: 'its subnet is another. Are its --shout-subnet and --shout-limit ours?',
  late: 'it did not agree on the subnet and prove its key in time',
  full: 'there was no place for one more',
  silent: 'it left too many requests without an answer'
}

/** What a protocol's reasons for a refusal mean, to a person. A protocol adds its words here; the DHT refuses values, not peers */
const MEANINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  gossip: GOSSIP,
  cup2py: CUP2PY,
  shout: SHOUT
}

export function explain(protocol: string, reason: string): string {
  return MEANINGS[protocol]?.[reason] ?? ''
}
