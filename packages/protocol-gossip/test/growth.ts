/** A program of its own, so that its memory is nobody else's: a million identities, and a million announces. */
import { engineDefaults, GossipEngine } from '@hearsay/protocol-gossip/engine'
import { seededRandom } from '@hearsay/protocol-core/pure'
import type { PeerKey } from '@hearsay/protocol-core/pure'

const COUNT = 1_000_000
const PROTOCOLS = ['/hearsay/gossip/1.0.0', '/hearsay/gossip-p2p/1.0.0', '/hearsay/gossip-midterm/1.0.0'] as const
const dialects = ['gossip', 'gossip-p2p', 'gossip-midterm'] as const
const member = 'member' as PeerKey
const engine = new GossipEngine({
  self: 'self' as PeerKey,
  config: { ...engineDefaults, dialects, difficultyBits: 0, relayUnknown: true, announceRate: COUNT },
  random: seededRandom(1)
})

/** One identity comes, does one of several things, and goes: proves, misbehaves, says nothing, or stays for a while */
function visit(i: number, now: number): void {
  const peer = `peer-${i}` as PeerKey
  const protocol = PROTOCOLS[i % 3]!
  engine.handle({ type: 'connected', peer, direction: 'inbound', protocol, group: `group ${i % 1_000}` }, now)

  if (i % 5 < 2) {
    engine.handle({ type: 'message', peer, message: { type: 'proof', nonce: 1n } }, now)
    engine.handle({ type: 'message', peer, message: { type: 'discovery' } }, now)
  } else if (i % 5 === 2) {
    engine.handle({ type: 'malformed', peer }, now)
  }

  if (i % 10 === 0) {
    engine.handle({ type: 'found', peer, direction: 'inbound' }, now)
  }

  const gone = `peer-${i - 64}` as PeerKey
  engine.handle({ type: 'disconnected', peer: gone }, now)
}

function announce(i: number, now: number): void {
  const data = Uint8Array.of(i >> 16, i >> 8, i)
  const message = { type: 'announce', id: BigInt(i), ttl: 0, dataType: 1, data } as const
  engine.handle({ type: 'message', peer: member, message }, now)
}

function step(i: number): void {
  // a thousand a second, and half a minute of ms between timers
  const now = i
  visit(i, now)
  announce(i, now)

  if (i % 1_000 === 0) {
    ;['gate', 'found', 'search', 'draw', 'redial', 'verdict'].forEach((key) =>
      engine.handle({ type: 'timer', key }, now)
    )
  }
}

engine.handle({ type: 'command', command: { type: 'start' } }, 0)
engine.handle({ type: 'connected', peer: member, direction: 'outbound', protocol: PROTOCOLS[0], group: '' }, 0)
engine.handle({ type: 'message', peer: member, message: { type: 'challenge', challenge: 1n } }, 0)
engine.handle({ type: 'answer', answer: { type: 'solved', peer: member, challenge: 1n, nonce: 1n } }, 0)
engine.handle({ type: 'message', peer: member, message: { type: 'verdict', valid: true } }, 0)

const WARM_UP = COUNT / 10
const before = { bytes: 0, time: 0 }
const times: number[] = []

for (let i = 0; i < COUNT; i++) {
  if (i === WARM_UP) {
    globalThis.gc?.()
    before.bytes = process.memoryUsage().rss
  }

  if (i % WARM_UP === 0) {
    const { user, system } = process.cpuUsage()
    times.push(user + system - before.time)
    before.time = user + system
  }

  step(i)
}

globalThis.gc?.()
const growth = (process.memoryUsage().rss - before.bytes) / 2 ** 20
// of the processor, so that others do not count: first the start of the program, then the warming up
console.log(JSON.stringify({ growth, second: times[2], last: times.at(-1) }))
