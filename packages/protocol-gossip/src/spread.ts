/**
 * The epidemic among verified peers: what is new is shown to whoever subscribed, and passed on once all find it valid.
 *
 * @see docs/specs/gossip.md#spreading
 */
import { NARROW_IDS, wideId } from './announce-id.ts'
import { Buckets } from './buckets.ts'
import {
  DIALLED_RATE_FACTOR,
  MAX_DATA_BYTES,
  MAX_ID_DRAWS,
  MAX_OUTBOX,
  MAX_PENDING,
  MAX_PENDING_BYTES
} from './constants.ts'
import { Subscribers } from './subscribers.ts'
import type { Direction, Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { Sha256 } from './announce-id.ts'
import type { Announce } from './codec.ts'
import type { Answer, Command, GossipConfig, GossipEffect, SubscriberId } from './contract.ts'
import type { Counts, Fate } from './counts.ts'
import type { Dialect } from './dialect.ts'
import type { AnnounceMemory } from './memory.ts'

export interface SpreadInit {
  config: Pick<GossipConfig, 'degree' | 'verdictTimeout' | 'relayUnknown' | 'announceRate' | 'announceBurst'>
  random: Random
  sha256: Sha256
  memory: AnnounceMemory
  counts: Counts
  dialectOf: (peer: PeerKey) => Dialect | undefined
  /** Whether those that dial us displace each other */
  isCrowded: (now: Millis) => boolean
}

/** An announce that waits for its verdicts; one of our own comes from nobody */
interface Pending {
  announce: Announce
  from: PeerKey | undefined
  /** Those who have not answered. BOUNDED by the subscribers of its type */
  missing: Set<SubscriberId>
  /** Whether one of them said yes */
  accepted: boolean
  until: Millis
}

const TIMER = 'verdict'

export class Spread {
  private readonly init: SpreadInit
  readonly subscribers = new Subscribers()
  /** Verified peers that we dialled, in no order. BOUNDED by maxConnections */
  private readonly dialled: PeerKey[] = []
  /** Those that dialled us, likewise */
  private readonly accepted: PeerKey[] = []
  /** How many new announces each of them may still bring */
  private readonly buckets: Buckets
  /** By ticket, oldest first. BOUNDED by MAX_PENDING and MAX_PENDING_BYTES */
  private readonly pending = new Map<number, Pending>()
  private pendingBytes = 0
  private tickets = 0
  private armed = false
  /** Announces of our own from before there was a peer. BOUNDED by MAX_OUTBOX */
  private outbox: Announce[] = []

  constructor(init: SpreadInit) {
    const { announceRate, announceBurst } = init.config
    this.init = init
    this.buckets = new Buckets(announceRate, announceBurst)
  }

  onVerified(peer: PeerKey, direction: Direction, now: Millis): GossipEffect[] {
    const dialled = direction === 'outbound'
    ;(dialled ? this.dialled : this.accepted).push(peer)
    this.buckets.add(peer, now, dialled ? DIALLED_RATE_FACTOR : 1)
    const waiting = this.outbox
    this.outbox = []
    return waiting.flatMap((message) => this.sendTo([peer], message, now))
  }

  onDisconnected(peer: PeerKey): void {
    this.buckets.delete(peer)

    for (const peers of [this.dialled, this.accepted]) {
      const index = peers.indexOf(peer)

      if (index >= 0) {
        peers.splice(index, 1)
      }
    }
  }

  onAnnounce(from: PeerKey, announce: Announce, now: Millis): GossipEffect[] {
    const { config, counts } = this.init
    counts.received++

    if (!this.isNew(from, announce, now)) {
      return []
    }

    const asked = this.subscribers.of(announce.dataType)

    if (asked.length === 0) {
      counts.unknown++
      return config.relayUnknown ? this.forward(announce, from, now) : []
    }

    // a copy: it outlives the chunk it came in
    const kept = { ...announce, data: new Uint8Array(announce.data) }
    const until = now + config.verdictTimeout
    return this.ask({ announce: kept, from, missing: new Set(asked), accepted: false, until })
  }

  onVerdict({ ticket, subscriber, valid }: Extract<Answer, { type: 'verdict' }>, now: Millis): GossipEffect[] {
    const pending = this.pending.get(ticket)

    if (pending === undefined || !pending.missing.delete(subscriber)) {
      return []
    }

    if (!valid) {
      return this.giveUp(ticket, 'invalid')
    }

    pending.accepted = true
    return this.settle(ticket, pending, now)
  }

  /** What waited only for this subscriber goes on without it */
  onUnsubscribe(subscriber: SubscriberId, now: Millis): GossipEffect[] {
    this.subscribers.remove(subscriber)
    const left = [...this.pending].filter(([, { missing }]) => missing.delete(subscriber))
    return left.flatMap(([ticket, pending]) => [cancel(ticket, subscriber), ...this.settle(ticket, pending, now)])
  }

  /** One of our own: it goes out at once, and is shown to the other parties here, who cannot hold it back */
  onCommand(command: Extract<Command, { type: 'announce' }>, now: Millis): GossipEffect[] {
    const announce = this.create(command, now)
    const sends = this.send(announce, now)
    this.init.counts.own++
    const queued = sends.length === 0 && this.queue(announce)
    const missing = new Set(this.subscribers.of(command.dataType, command.party))
    const until = now + this.init.config.verdictTimeout

    return [
      ...sends,
      { type: 'emit', event: { type: 'announced', id: announce.id, sentTo: sends.length, queued } },
      ...(missing.size > 0 ? this.ask({ announce, from: undefined, missing, accepted: false, until }) : [])
    ]
  }

  /** One timer for all that waits: it stands in order of expiry */
  onTimer(now: Millis): GossipEffect[] {
    const effects: GossipEffect[] = []
    this.armed = false

    for (const [ticket, { until }] of this.pending) {
      if (until > now) {
        return [...effects, this.arm(until)]
      }

      effects.push(...this.giveUp(ticket, 'expired'))
    }

    return effects
  }

  /**
   * Whether this is the first of its kind, and its peer may bring it. One that may not is not remembered: others may
   * bring it too.
   */
  private isNew(from: PeerKey, announce: Announce, now: Millis): boolean {
    const { counts, memory } = this.init
    const digest = memory.digest(announce)

    if (announce.data.byteLength > MAX_DATA_BYTES) {
      counts.oversized++
      return false
    } else if (memory.has(digest)) {
      counts.duplicate++
      return false
    } else if (!this.buckets.take(from, now)) {
      counts.limited++
      return false
    }

    return memory.add(digest, now)
  }

  /**
   * With an id that every dialect can carry, and that is not one of the same content announced before. When those seem
   * to be used up, any id will do: each dialect still carries it, but it may arrive by two bridges.
   */
  private create({ dataType, data, ttl }: Extract<Command, { type: 'announce' }>, now: Millis): Announce {
    const { random, sha256, memory } = this.init

    for (let draws = 0; ; draws++) {
      const id = draws < MAX_ID_DRAWS ? wideId(random.below(NARROW_IDS), dataType, data, sha256) : random.uint64()
      const announce: Announce = { type: 'announce', id, ttl, dataType, data }

      if (memory.add(memory.digest(announce), now)) {
        return announce
      }
    }
  }

  /** What its subscribers think, within a time, and as long as not too many wait */
  private ask(pending: Pending): GossipEffect[] {
    const ticket = this.tickets++
    this.pending.set(ticket, pending)
    this.pendingBytes += pending.announce.data.byteLength
    const effects = [...pending.missing].map((subscriber) => validate(ticket, subscriber, pending.announce))

    for (const [oldest] of this.pending) {
      if (this.pending.size <= MAX_PENDING && this.pendingBytes <= MAX_PENDING_BYTES) {
        break
      }

      effects.push(...this.giveUp(oldest, 'displaced'))
    }

    return this.armed ? effects : [...effects, this.arm(pending.until)]
  }

  /** Nobody waits for its verdicts any longer */
  private giveUp(ticket: number, fate: Fate): GossipEffect[] {
    const { announce, from, missing } = this.pending.get(ticket)!
    this.pending.delete(ticket)
    this.pendingBytes -= announce.data.byteLength
    // one of our own has gone out long ago
    this.init.counts[fate] += from === undefined ? 0 : 1
    return [...missing].map((subscriber) => cancel(ticket, subscriber))
  }

  /** Once nobody is missing. When all left without a word, it is as if nobody had subscribed */
  private settle(ticket: number, { announce, from, missing, accepted }: Pending, now: Millis): GossipEffect[] {
    if (missing.size > 0) {
      return []
    }

    this.giveUp(ticket, accepted ? 'valid' : 'unknown')

    if (from === undefined) {
      return []
    }

    const event: GossipEffect[] = accepted ? [{ type: 'emit', event: { type: 'message', announce, from } }] : []
    return accepted || this.init.config.relayUnknown ? [...event, ...this.forward(announce, from, now)] : []
  }

  /** ttl 1 ends here, 0 is unlimited */
  private forward(announce: Announce, from: PeerKey, now: Millis): GossipEffect[] {
    return announce.ttl === 1 ? [] : this.send({ ...announce, ttl: Math.max(announce.ttl - 1, 0) }, now, from)
  }

  /**
   * To `degree` random verified peers: half of them such as dialled us, and none while these displace each other, the
   * others such as we dialled, as far as there are. So whoever fills the places of those that dial us gets little of
   * what we say.
   */
  private send(message: Announce, now: Millis, except?: PeerKey): GossipEffect[] {
    const { degree } = this.init.config
    const dialled = this.draw(this.dialled, degree, except)
    const accepted = this.draw(this.accepted, degree, except)
    const share = this.init.isCrowded(now) ? 0 : degree >> 1
    accepted.splice(Math.max(share, degree - dialled.length))
    dialled.splice(degree - accepted.length)
    return this.sendTo([...dialled, ...accepted], message, now)
  }

  /** Some of the peers, without one; their order means nothing, so they are shuffled in place */
  private draw(peers: PeerKey[], count: number, except?: PeerKey): PeerKey[] {
    const { random } = this.init
    const drawn: PeerKey[] = []

    for (let i = 0; i < peers.length && drawn.length < count; i++) {
      const j = i + random.below(peers.length - i)
      const peer = peers[j]!
      peers[j] = peers[i]!
      peers[i] = peer

      if (peer !== except) {
        drawn.push(peer)
      }
    }

    return drawn
  }

  /** Some dialects give it another id, under which it may come back */
  private sendTo(peers: readonly PeerKey[], message: Announce, now: Millis): GossipEffect[] {
    const { counts, dialectOf, memory } = this.init
    counts.sent += peers.length

    for (const dialect of new Set(peers.map(dialectOf))) {
      const id = dialect?.idAfter(message) ?? message.id

      if (id !== message.id) {
        memory.add(memory.digest({ ...message, id }), now)
      }
    }

    return peers.map((peer) => ({ type: 'send', peer, message }))
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
  return { type: 'ask', key: askKey(ticket, subscriber), ask: { type: 'validate', ticket, subscriber, announce } }
}

function cancel(ticket: number, subscriber: SubscriberId): GossipEffect {
  return { type: 'cancel', key: askKey(ticket, subscriber) }
}

function askKey(ticket: number, subscriber: SubscriberId): string {
  return `verdict ${ticket} ${subscriber}`
}
