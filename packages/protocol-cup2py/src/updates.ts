/**
 * UPDATE: a record that is new is kept and passed on, once.
 *
 * @see docs/specs/cup2py.md#requests
 */
import { BoundedMap } from '@hearsay/protocol-core/pure'
import { MAX_HELD_BACK, MAX_RECENT, RECENT_TIME } from './constants.ts'
import { extendList } from './flood.ts'
import { isNewer, versionOf } from './record.ts'
import type { Millis, PeerKey } from '@hearsay/protocol-core/pure'
import type { Update } from './codec.ts'
import type { Cup2pyConfig, Cup2pyEffect } from './contract.ts'
import type { Outbox } from './outbox.ts'
import type { Peers } from './peers.ts'
import type { UserRecord, Version } from './record.ts'
import type { Stats } from './stats.ts'
import type { Recipient, Users } from './users.ts'

/** Peers that a record of late came from */
const MAX_SOURCES = 1_024

/** What the rules of requests work with */
export interface Parts {
  /** Our own user hash */
  self: string
  config: Cup2pyConfig
  users: Users
  peers: Peers
  outbox: Outbox
  stats: Stats
}

/** A record taken of late */
interface Recent {
  acceptedAt: Millis
  /** With how much depth users were sent it. BOUNDED by fanout, with MAX_OF_PEER at each peer */
  sent: Map<string, number>
  /** Peers among them */
  peers: number
  /** Who sent it to us, and with how much depth. BOUNDED by MAX_SOURCES: of more it is not remembered */
  sources: Map<PeerKey, number>
}

interface HeldBack {
  update: Update
  version: Version
  from: PeerKey
  until: Millis
}

/** What to do about an UPDATE before its signature is checked */
export type Interest = 'none' | 'equal' | 'newer'

export class Updates {
  private readonly parts: Parts
  /** By user hash */
  private readonly recent = new BoundedMap<string, Recent>(MAX_RECENT)
  /** The newest record of a user whose last one is younger than authorInterval */
  private readonly heldBack = new BoundedMap<string, HeldBack>(MAX_HELD_BACK)

  constructor(parts: Parts) {
    this.parts = parts
  }

  interest(record: UserRecord): Interest {
    const held = this.parts.users.get(record.hash)

    if (record.hash === this.parts.self || (held !== undefined && record.date < held.date)) {
      return 'none'
    } else if (held === undefined || record.date > held.date) {
      return 'newer'
    }

    const version = versionOf(record)
    return isNewer(version, held) ? 'newer' : version.rank === held.rank ? 'equal' : 'none'
  }

  /** A record whose signature is right */
  onVerified(from: PeerKey, update: Update, now: Millis): Cup2pyEffect[] {
    const { record } = update
    const recent = this.recent.get(record.hash)

    switch (this.interest(record)) {
      case 'none':
        return []
      case 'equal':
        return this.onEqual(from, update, now)
      case 'newer':
        return recent !== undefined && now < recent.acceptedAt + this.parts.config.authorInterval
          ? this.holdBack(from, update, recent.acceptedAt + this.parts.config.authorInterval)
          : this.accept(from, update, now, 0)
    }
  }

  /**
   * The very record that we hold. Depth and list are not signed: a copy with more depth or an honest list comes through
   * to those whom an earlier copy left out
   */
  onEqual(from: PeerKey, update: Update, now: Millis): Cup2pyEffect[] {
    const recent = this.recent.get(update.record.hash)
    return recent === undefined || now >= recent.acceptedAt + RECENT_TIME ? [] : this.passOn(from, update, recent, now)
  }

  /** A record that came outside the network; it goes no further */
  learn(record: UserRecord, reachedAt: number, now: Millis): Cup2pyEffect[] {
    return this.interest(record) === 'newer'
      ? this.accept(undefined, { type: 'update', record, depth: 0, checked: [] }, now, reachedAt)
      : []
  }

  publish(record: UserRecord, depth: number, now: Millis): Cup2pyEffect[] {
    const { self, users, peers, config, outbox } = this.parts
    const recipients = users.recipients({
      skips: () => false,
      connected: peers.connected,
      except: new Set(),
      count: config.fanout
    })
    const checked = extendList([], self, recipients, record, config.checkedList)
    const count = recipients.reduce((sum, { hashes }) => sum + hashes.length, 0)
    return [
      { type: 'emit', event: { type: 'published', users: count } },
      ...outbox.send(recipients, { type: 'update', record, depth, checked }, now)
    ]
  }

  onTimer(now: Millis): Cup2pyEffect[] {
    const effects: Cup2pyEffect[] = []

    for (const [hash, { update, from, until }] of this.heldBack) {
      if (until > now) {
        return [...effects, { type: 'arm', key: 'held back', at: until }]
      }

      this.heldBack.delete(hash)

      if (this.interest(update.record) === 'newer') {
        effects.push(...this.accept(from, update, now, 0))
      }
    }

    return effects
  }

  private holdBack(from: PeerKey, update: Update, until: Millis): Cup2pyEffect[] {
    const { hash } = update.record
    const version = versionOf(update.record)
    const other = this.heldBack.get(hash)

    if (!isNewer(version, other?.version)) {
      return []
    }

    // in its place in the queue, or behind the others: one that is due before the first waits for it, a moment longer
    if (other === undefined) {
      this.heldBack.set(hash, { update, version, from, until })
    } else {
      Object.assign(other, { update, version, from })
    }

    const [[, first]] = this.heldBack as Iterable<[string, HeldBack]> as [[string, HeldBack]]
    return [{ type: 'arm', key: 'held back', at: first.until }]
  }

  private accept(from: PeerKey | undefined, update: Update, now: Millis, reachedAt: number): Cup2pyEffect[] {
    const { record } = update
    const { users, stats } = this.parts
    const { hash, address } = record
    const evicted = users.put({ hash, address, reachedAt, pinned: false, ...versionOf(record) })

    if (evicted.includes(hash)) {
      return []
    }

    stats.records++
    const kept: Cup2pyEffect[] = [
      { type: 'ask', ask: { type: 'store', record, reachedAt, evicted } },
      { type: 'emit', event: { type: 'record', record } }
    ]

    if (from === undefined) {
      return kept
    }

    const recent: Recent = { acceptedAt: now, sent: new Map(), peers: 0, sources: new Map() }
    this.recent.set(hash, recent)
    return [...kept, ...this.passOn(from, update, recent, now)]
  }

  /** To those who have not had it from us with as much depth */
  private passOn(from: PeerKey, update: Update, recent: Recent, now: Millis): Cup2pyEffect[] {
    const { self, config, outbox } = this.parts
    const depth = update.depth - 1

    if (recent.sources.size < MAX_SOURCES) {
      recent.sources.set(from, Math.max(update.depth, recent.sources.get(from) ?? 0))
    }

    const recipients = depth < 0 ? [] : this.recipients(update, recent, depth)

    if (recipients.length === 0) {
      return []
    }

    for (const { hashes } of recipients) {
      hashes.forEach((hash) => recent.sent.set(hash, depth))
    }

    const { record } = update
    const checked = extendList(update.checked, self, recipients, record, config.checkedList)
    return outbox.send(recipients, { type: 'update', record, depth, checked }, now)
  }

  private recipients(update: Update, recent: Recent, depth: number): Recipient[] {
    const { self, config, users, peers } = this.parts
    const listed = new Set([...update.checked, self, update.record.hash])
    const sources = [...recent.sources].flatMap(([peer, had]) => (had >= depth ? [peer] : []))
    const again = [...recent.sent].filter(([hash, sent]) => sent < depth && !listed.has(hash))
    const others = users.recipients({
      skips: (hash) => listed.has(hash) || recent.sent.has(hash),
      connected: peers.connected,
      except: new Set(sources),
      count: Math.max(0, config.fanout - recent.peers)
    })
    recent.peers += others.length
    return [...again.flatMap(([hash]) => users.recipient(hash) ?? []), ...others]
  }
}
