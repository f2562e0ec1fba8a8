/**
 * SEARCH: asked for a user, we answer what we hold and pass the question on; answers go back the way it came.
 *
 * @see docs/specs/cup2py.md#requests
 */
import { BoundedMap } from '@hearsay/protocol-core/pure'
import { MAX_SEARCHES, SEARCH_TIME } from './constants.ts'
import { extendList } from './flood.ts'
import { isNewer, versionOf } from './record.ts'
import type { Millis, PeerKey } from '@hearsay/protocol-core/pure'
import type { Search, Update } from './codec.ts'
import type { Command, Cup2pyEffect, SearchCost } from './contract.ts'
import type { UserRecord, Version } from './record.ts'
import type { Parts } from './updates.ts'

/** Peers answered for one search */
const MAX_ASKERS = 1_024

/** A search of somebody else */
interface Relayed {
  target: string
  /** The highest it came with */
  depth: number
  /** Who asked, and with how much depth. BOUNDED by MAX_ASKERS: more are not answered */
  askers: Map<PeerKey, number>
  /** The newest record passed back */
  passed: Version | undefined
  until: Millis
}

/** A search of our own */
interface Own {
  id: number
  target: string
  quietTime: Millis
  best: Version | undefined
  /** Whether anything newer than what was held has come */
  isAnswered: boolean
  message: Search
  cost: SearchCost
}

export class Searches {
  private readonly parts: Parts
  private ownRecord: UserRecord | undefined
  /** By searched hash, sender and its record, in order of arrival */
  private readonly relayed = new BoundedMap<string, Relayed>(MAX_SEARCHES)
  /** The same, by searched hash. BOUNDED by `relayed` */
  private readonly byTarget = new Map<string, Set<Relayed>>()
  /** BOUNDED by the service, MAX_OWN_SEARCHES */
  private readonly own = new Map<number, Own>()

  constructor(parts: Parts) {
    this.parts = parts
  }

  setOwnRecord(record: UserRecord): void {
    this.ownRecord = record
  }

  /** `known`: its sender was verified a moment ago */
  interest({ sender, target, depth }: Search, now: Millis): 'none' | 'known' | 'unknown' {
    if (depth === 0 || sender.hash === this.parts.self) {
      return 'none'
    }

    this.expire(now)
    return this.relayed.has(keyOf(sender, target)) ? 'known' : 'unknown'
  }

  /** A search whose sender's signature is right */
  onVerified(from: PeerKey, search: Search, now: Millis): Cup2pyEffect[] {
    const { target, depth } = search
    const relayed = this.relay(search, now)
    const isFirst = !relayed.askers.has(from)

    if (relayed.askers.size < MAX_ASKERS) {
      relayed.askers.set(from, Math.max(depth, relayed.askers.get(from) ?? 0))
    }

    const answer = isFirst ? this.answer(from, relayed, now) : []

    if (depth <= relayed.depth || target === this.parts.self) {
      return answer
    }

    relayed.depth = depth
    return [...answer, ...this.passOn(search, relayed, now)]
  }

  /** What the book holds for somebody who asked */
  onFetched(peer: PeerKey, record: UserRecord | undefined, now: Millis): Cup2pyEffect[] {
    return record === undefined ? [] : this.parts.outbox.reply(peer, answerOf(record), now)
  }

  /** A record came in: copies count as answers too */
  onUpdate({ record }: Update): void {
    for (const { target, cost } of this.own.values()) {
      cost.answers += target === record.hash ? 1 : 0
    }
  }

  /** A verified record, for everybody who asked for it */
  onRecord(from: PeerKey, record: UserRecord, now: Millis): Cup2pyEffect[] {
    const version = versionOf(record)
    const effects: Cup2pyEffect[] = []
    this.expire(now)

    for (const relayed of this.byTarget.get(record.hash) ?? []) {
      if (isNewer(version, relayed.passed)) {
        relayed.passed = version
        const askers = [...relayed.askers.keys()].filter((peer) => peer !== from)
        effects.push(...askers.flatMap((peer) => this.parts.outbox.reply(peer, answerOf(record), now)))
      }
    }

    for (const own of this.own.values()) {
      if (own.target === record.hash && isNewer(version, own.best)) {
        own.best = version
        own.isAnswered = true
        effects.push({ type: 'emit', event: { type: 'answer', id: own.id, record } }, quiet(own, now))
      }
    }

    return effects
  }

  start(
    { id, target, sender, depth, quietTime, held }: Extract<Command, { type: 'search' }>,
    now: Millis
  ): Cup2pyEffect[] {
    const { self, users, peers, config, outbox } = this.parts
    const recipients = users.recipients({
      skips: () => false,
      connected: peers.connected,
      except: new Set(),
      count: config.fanout
    })
    const cost = { messages: 0, peersAsked: 0, answers: 0 }
    const checked = extendList([], self, recipients, sender, config.checkedList)
    const message: Search = { type: 'search', target, sender, depth, checked }
    const best = held === undefined ? undefined : versionOf(held)
    const own = { id, target, quietTime, best, isAnswered: false, message, cost }
    this.own.set(id, own)
    return [quiet(own, now), ...this.onSent(outbox.send(recipients, message, now))]
  }

  /** What goes out now: our own searches count what they cost. @returns the same */
  onSent(effects: Cup2pyEffect[]): Cup2pyEffect[] {
    for (const { message, cost } of this.own.values()) {
      const sent = effects.filter((effect) => effect.type === 'send' && effect.message === message).length
      cost.messages += sent
      cost.peersAsked += sent
    }

    return effects
  }

  /** Nothing came for a while; but who is still being dialled may know something */
  onQuiet(id: number, now: Millis): Cup2pyEffect[] {
    const own = this.own.get(id)
    const isUnderWay = own !== undefined && !own.isAnswered && this.parts.outbox.isWaiting(own.message)
    return isUnderWay ? [quiet(own, now)] : this.end(id)
  }

  end(id: number): Cup2pyEffect[] {
    const own = this.own.get(id)
    this.own.delete(id)
    return own === undefined
      ? []
      : [
          { type: 'disarm', key: `quiet ${id}` },
          { type: 'emit', event: { type: 'ended', id, cost: own.cost } }
        ]
  }

  private relay({ sender, target }: Search, now: Millis): Relayed {
    const key = keyOf(sender, target)
    const known = this.relayed.get(key)

    if (known !== undefined) {
      return known
    }

    const relayed = { target, depth: 0, askers: new Map(), passed: undefined, until: now + SEARCH_TIME }
    const [, oldest] = this.relayed.set(key, relayed) ?? []
    this.byTarget.set(target, (this.byTarget.get(target) ?? new Set()).add(relayed))
    this.forget(oldest)
    return relayed
  }

  /** One that `relayed` has no more */
  private forget(relayed: Relayed | undefined): void {
    const others = relayed === undefined ? undefined : this.byTarget.get(relayed.target)
    others?.delete(relayed!)

    if (others?.size === 0) {
      this.byTarget.delete(relayed!.target)
    }
  }

  private answer(from: PeerKey, relayed: Relayed, now: Millis): Cup2pyEffect[] {
    const { self, users, outbox } = this.parts
    const held = users.get(relayed.target)

    if (relayed.target === self) {
      return this.ownRecord === undefined ? [] : outbox.reply(from, answerOf(this.ownRecord), now)
    } else if (held === undefined) {
      return []
    }

    relayed.passed = isNewer(held, relayed.passed) ? held : relayed.passed
    return [{ type: 'ask', ask: { type: 'fetch', hash: relayed.target, peer: from } }]
  }

  /** To those who are not in the list, and did not just ask us the same; the last hop would not look at it */
  private passOn(search: Search, { askers }: Relayed, now: Millis): Cup2pyEffect[] {
    const { self, users, peers, config, outbox } = this.parts
    const { target, sender } = search
    const depth = search.depth - 1

    if (depth === 0) {
      return []
    }

    const listed = new Set([...search.checked, self, sender.hash])
    const asked = [...askers].flatMap(([peer, had]) => (had >= depth ? [peer] : []))
    const recipients = users.recipients({
      skips: (hash) => listed.has(hash),
      connected: peers.connected,
      except: new Set(asked),
      count: config.fanout
    })
    const checked = extendList(search.checked, self, recipients, sender, config.checkedList)
    return outbox.send(recipients, { type: 'search', target, sender, depth, checked }, now)
  }

  /** All are remembered for equally long, so the oldest is first */
  private expire(now: Millis): void {
    for (const [key, relayed] of this.relayed) {
      if (relayed.until > now) {
        return
      }

      this.relayed.delete(key)
      this.forget(relayed)
    }
  }
}

/** With the whole of the sender's record: one that differs has not been checked */
function keyOf(sender: UserRecord, target: string): string {
  return `${target} ${sender.hash} ${versionOf(sender).rank} ${sender.date}`
}

function answerOf(record: UserRecord): Update {
  return { type: 'update', record, depth: 0, checked: [] }
}

function quiet({ id, quietTime }: Own, now: Millis): Cup2pyEffect {
  return { type: 'arm', key: `quiet ${id}`, at: now + quietTime }
}
