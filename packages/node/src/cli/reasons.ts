/** What a protocol's reasons for a refusal mean, to a person. A protocol adds its words here. */
const MEANINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  gossip: {
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
}

export function explain(protocol: string, reason: string): string {
  return MEANINGS[protocol]?.[reason] ?? ''
}
