/**
 * The epidemic among verified peers: what is new is shown to whoever subscribed, and passed on once all find it valid.
 *
 * @see docs/specs/gossip.md#spreading
 */
import { SeenSet } from '@hearsay/protocol-core/pure'
import { MAX_OUTBOX, MAX_PENDING, MAX_PENDING_BYTES, SEEN_MIN_AGE, SEEN_OVERFLOW } from './constants.ts'
import { AnnounceDigest } from './digest.ts'
import { Subscribers } from './subscribers.ts'
import type { Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { Announce } from './codec.ts'
import type { Answer, Command, GossipConfig, GossipEffect, SubscriberId } from './contract.ts'

type SpreadConfig = Pick<GossipConfig, 'degree' | 'cacheSize' | 'verdictTimeout' | 'relayUnknown'>

/** An announce that waits for its verdicts */
interface Pending {
  announce: Announce
  from: PeerKey
  /** Those who have not answered. BOUNDED by the subscribers of its type */
  missing: Set<SubscriberId>
  /** Whether one of them said yes */
  accepted: boolean
  until: Millis
}

const TIMER = 'verdict'

export class Spread {
  private readonly config: SpreadConfig
  private readonly random: Random
  private readonly digest: AnnounceDigest
  private readonly seen: SeenSet
  readonly subscribers = new Subscribers()
  /** Verified peers, in no order. BOUNDED by maxConnections */
  private readonly peers: PeerKey[] = []
  /** By ticket, oldest first. BOUNDED by MAX_PENDING and MAX_PENDING_BYTES */
  private readonly pending = new Map<number, Pending>()
  private pendingBytes = 0
  private tickets = 0
  private armed = false
  /** Announces of our own from before there was a peer. BOUNDED by MAX_OUTBOX */
  private outbox: Announce[] = []

  constructor(config: SpreadConfig, random: Random) {
    const { cacheSize } = config
    this.config = config
    this.random = random
    this.digest = AnnounceDigest.create(random)
    this.seen = new SeenSet({ size: cacheSize, minAge: SEEN_MIN_AGE, maxSize: cacheSize * SEEN_OVERFLOW })
  }

  onVerified(peer: PeerKey): GossipEffect[] {
    this.peers.push(peer)
    const waiting = this.outbox
    this.outbox = []
    return waiting.map((message) => ({ type: 'send', peer, message }))
  }

  onDisconnected(peer: PeerKey): void {
    const index = this.peers.indexOf(peer)

    if (index >= 0) {
      this.peers.splice(index, 1)
    }
  }

  onAnnounce(from: PeerKey, announce: Announce, now: Millis): GossipEffect[] {
    if (!this.remember(announce, now)) {
      return []
    }

    const asked = this.subscribers.of(announce.dataType)

    if (asked.length === 0) {
      return this.config.relayUnknown ? this.forward(announce, from) : []
    }

    // a copy: it outlives the chunk it came in
    const kept = { ...announce, data: new Uint8Array(announce.data) }
    const until = now + this.config.verdictTimeout
    const ticket = this.hold({ announce: kept, from, missing: new Set(asked), accepted: false, until })
    const asks = asked.map((subscriber) => validate(ticket, subscriber, kept))

    if (!this.armed) {
      asks.push(this.arm(until))
    }

    return asks
  }

  onVerdict({ ticket, subscriber, valid }: Extract<Answer, { type: 'verdict' }>): GossipEffect[] {
    const pending = this.pending.get(ticket)

    if (pending === undefined || !pending.missing.delete(subscriber)) {
      return []
    }

    pending.accepted ||= valid
    return valid ? this.settle(ticket, pending) : this.drop(ticket)
  }

  /** What waited only for this subscriber goes on without it */
  onUnsubscribe(subscriber: SubscriberId): GossipEffect[] {
    this.subscribers.remove(subscriber)
    const left = [...this.pending].filter(([, { missing }]) => missing.delete(subscriber))
    return left.flatMap(([ticket, pending]) => this.settle(ticket, pending))
  }

  /** One of our own: it goes out at once, and is shown to the other parties here, who cannot hold it back */
  onCommand({ party, dataType, data, ttl }: Extract<Command, { type: 'announce' }>, now: Millis): GossipEffect[] {
    const announce: Announce = { type: 'announce', id: this.random.uint64(), ttl, dataType, data }
    this.remember(announce, now)
    const sends = this.send(announce)
    const queued = sends.length === 0 && this.queue(announce)
    const others = this.subscribers.of(dataType, party)

    return [
      ...sends,
      { type: 'emit', event: { type: 'announced', id: announce.id, sentTo: sends.length, queued } },
      ...others.map((subscriber) => validate(this.tickets++, subscriber, announce))
    ]
  }

  /** One timer for all that waits: it stands in order of expiry */
  onTimer(now: Millis): GossipEffect[] {
    this.armed = false

    for (const [ticket, { until }] of this.pending) {
      if (until > now) {
        return [this.arm(until)]
      }

      this.drop(ticket)
    }

    return []
  }

  private remember({ id, dataType, data }: Announce, now: Millis): boolean {
    return this.seen.add(this.digest.of(id, dataType, data), now)
  }

  private hold(pending: Pending): number {
    const ticket = this.tickets++
    this.pending.set(ticket, pending)
    this.pendingBytes += pending.announce.data.byteLength

    for (const [oldest] of this.pending) {
      if (this.pending.size <= MAX_PENDING && this.pendingBytes <= MAX_PENDING_BYTES) {
        break
      }

      this.drop(oldest)
    }

    return ticket
  }

  private drop(ticket: number): [] {
    this.pendingBytes -= this.pending.get(ticket)?.announce.data.byteLength ?? 0
    this.pending.delete(ticket)
    return []
  }

  /** Once nobody is missing. When all left without a word, it is as if nobody had subscribed */
  private settle(ticket: number, { announce, from, missing, accepted }: Pending): GossipEffect[] {
    if (missing.size > 0) {
      return []
    }

    this.drop(ticket)
    const event: GossipEffect[] = accepted ? [{ type: 'emit', event: { type: 'message', announce, from } }] : []
    return accepted || this.config.relayUnknown ? [...event, ...this.forward(announce, from)] : []
  }

  /** ttl 1 ends here, 0 is unlimited */
  private forward(announce: Announce, from: PeerKey): GossipEffect[] {
    return announce.ttl === 1 ? [] : this.send({ ...announce, ttl: Math.max(announce.ttl - 1, 0) }, from)
  }

  /** To `degree` random verified peers; the order of `peers` means nothing, so it is shuffled in place */
  private send(message: Announce, except?: PeerKey): GossipEffect[] {
    const { peers, random } = this
    const effects: GossipEffect[] = []

    for (let i = 0; i < peers.length && effects.length < this.config.degree; i++) {
      const j = i + random.below(peers.length - i)
      const peer = peers[j]!
      peers[j] = peers[i]!
      peers[i] = peer

      if (peer !== except) {
        effects.push({ type: 'send', peer, message })
      }
    }

    return effects
  }

  private queue(announce: Announce): boolean {
    this.outbox.push({ ...announce, data: new Uint8Array(announce.data) })
    this.outbox = this.outbox.slice(-MAX_OUTBOX)
    return true
  }

  private arm(at: Millis): GossipEffect {
    this.armed = true
    return { type: 'arm', key: TIMER, at }
  }
}

function validate(ticket: number, subscriber: SubscriberId, announce: Announce): GossipEffect {
  return { type: 'ask', ask: { type: 'validate', ticket, subscriber, announce } }
}
