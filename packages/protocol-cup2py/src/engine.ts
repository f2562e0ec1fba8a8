/**
 * @packageDocumentation
 *
 * The rules of CUP2PY: what is kept, answered and passed on. No IO.
 *
 * @see docs/specs/cup2py.md
 */
import { BoundedMap } from '@hearsay/protocol-core/pure'
import { MAX_RATED, MAX_VERIFYING } from './constants.ts'
import { dateMillis, parseDate } from './date.ts'
import { Outbox } from './outbox.ts'
import { Peers } from './peers.ts'
import { TokenBuckets } from './rate.ts'
import { Searches } from './searches.ts'
import { createStats } from './stats.ts'
import { Updates } from './updates.ts'
import { Users } from './users.ts'
import type { Engine, Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { Message } from './codec.ts'
import type { Answer, Command, Cup2pyConfig, Cup2pyEffect, Cup2pyInput, DropReason } from './contract.ts'
import type { UserRecord } from './record.ts'
import type { Stats } from './stats.ts'

export { engineDefaults } from './constants.ts'
export type * from './contract.ts'
export type { Stats } from './stats.ts'

/** Tokens at most, in seconds of the rate */
const BURST_SECONDS = 5

export interface Cup2pyEngineInit {
  /** Our own peer id */
  self: PeerKey
  /** Our own user hash */
  user: string
  config: Cup2pyConfig
  random: Random
}

interface Verifying {
  from: PeerKey
  message: Message
}

export class Cup2pyEngine implements Engine<Cup2pyInput, Cup2pyEffect> {
  readonly stats: Stats = createStats()
  readonly users: Users
  private readonly config: Cup2pyConfig
  private readonly peers: Peers
  private readonly outbox: Outbox
  private readonly updates: Updates
  private readonly searches: Searches
  private readonly requests: TokenBuckets<PeerKey>
  private readonly checks: TokenBuckets<PeerKey>
  /** Requests whose signature is being checked, by ticket; one more is dropped */
  private readonly verifying = new BoundedMap<number, Verifying>(MAX_VERIFYING)
  private tickets = 0

  constructor({ self, user, config, random }: Cup2pyEngineInit) {
    const { stats } = this
    this.config = config
    this.users = new Users(config.maxUsers, random)
    this.peers = new Peers(config, stats, self)
    this.outbox = new Outbox({ self, peers: this.peers, stats, dialRate: config.dialRate })
    const parts = { self: user, config, users: this.users, peers: this.peers, outbox: this.outbox, stats }
    this.updates = new Updates(parts)
    this.searches = new Searches(parts)
    this.requests = new TokenBuckets(config.requestRate, BURST_SECONDS * config.requestRate, MAX_RATED)
    this.checks = new TokenBuckets(config.verifyRate, BURST_SECONDS * config.verifyRate, MAX_RATED)
  }

  /** Peers with a session */
  get peerCount(): number {
    return this.peers.connected.size
  }

  handle(input: Cup2pyInput, now: Millis): Cup2pyEffect[] {
    switch (input.type) {
      case 'connected':
        return [
          ...this.peers.onConnected(input.peer, now),
          ...this.searches.onSent(this.outbox.onConnected(input.peer, now))
        ]
      case 'disconnected':
        this.peers.onDisconnected(input.peer)
        return []
      case 'message':
        return this.onMessage(input.peer, input.message, now)
      case 'malformed':
        return this.peers.ban(input.peer, 'malformed', now)
      case 'dialled':
        return this.onDialled(input.dial, input.peer, now)
      case 'found':
        this.outbox.onFound(input.peer)
        return []
      case 'timer':
        return this.onTimer(input.key, now)
      case 'answer':
        return this.onAnswer(input.answer, now)
      case 'command':
        return this.onCommand(input.command, now)
    }
  }

  private onMessage(from: PeerKey, message: Message, now: Millis): Cup2pyEffect[] {
    if (!this.peers.isOpen(from)) {
      return []
    }

    this.peers.touch(from, now)
    this.stats.received[message.type]++

    if (!this.requests.take(from, now)) {
      return this.drop('rate')
    }

    return message.type === 'update' ? this.onUpdate(from, message, now) : this.onSearch(from, message, now)
  }

  private onUpdate(from: PeerKey, message: Extract<Message, { type: 'update' }>, now: Millis): Cup2pyEffect[] {
    this.searches.onUpdate(message)

    switch (this.updates.interest(message.record)) {
      case 'none':
        return []
      case 'equal':
        return this.updates.onEqual(from, message, now)
      case 'newer':
        return this.verify(from, message, message.record, now)
    }
  }

  private onSearch(from: PeerKey, message: Extract<Message, { type: 'search' }>, now: Millis): Cup2pyEffect[] {
    switch (this.searches.interest(message, now)) {
      case 'none':
        return []
      case 'known':
        return this.searches.onVerified(from, message, now)
      case 'unknown':
        return this.verify(from, message, message.sender, now)
    }
  }

  private verify(from: PeerKey, message: Message, record: UserRecord, now: Millis): Cup2pyEffect[] {
    if (!this.checks.take(from, now)) {
      return this.drop('rate')
    } else if (this.verifying.size === MAX_VERIFYING) {
      return this.drop('busy')
    }

    const ticket = this.tickets++
    this.verifying.set(ticket, { from, message })
    return [{ type: 'ask', ask: { type: 'verify', ticket, record } }]
  }

  private onVerified(answer: Extract<Answer, { type: 'verified' }>, now: Millis): Cup2pyEffect[] {
    const waiting = this.verifying.take(answer.ticket)

    if (waiting === undefined) {
      return []
    }

    const { from, message } = waiting
    const record = message.type === 'update' ? message.record : message.sender

    if (answer.verdict === 'invalid') {
      return this.peers.ban(from, 'forged', now)
    } else if (answer.verdict === 'unsupported') {
      return this.drop('unsupported')
    } else if (!isPast(record, answer.wallTime + this.config.maxClockSkew)) {
      return this.drop('future')
    } else if (message.type === 'search') {
      return this.searches.onVerified(from, message, now)
    } else if (record.date < (answer.floor ?? '')) {
      return this.drop('floor')
    }

    return [...this.updates.onVerified(from, message, now), ...this.searches.onRecord(from, record, now)]
  }

  private onDialled(dial: string, reached: PeerKey | undefined, now: Millis): Cup2pyEffect[] {
    const hashes = this.outbox.onDialled(dial, reached, now)
    hashes.forEach((hash) => this.users.setReached(hash))
    return [
      ...hashes.map((hash) => ({ type: 'ask' as const, ask: { type: 'reached' as const, hash } })),
      ...this.outbox.dial(now)
    ]
  }

  private onTimer(key: string, now: Millis): Cup2pyEffect[] {
    switch (key) {
      case 'idle':
        return this.peers.onTimer(now)
      case 'dial':
        return this.outbox.dial(now)
      case 'held back':
        return this.updates.onTimer(now)
      default:
        return this.searches.onQuiet(Number(key.slice('quiet '.length)), now)
    }
  }

  private onAnswer(answer: Answer, now: Millis): Cup2pyEffect[] {
    switch (answer.type) {
      case 'verified':
        return this.onVerified(answer, now)
      case 'fetched':
        return this.searches.onFetched(answer.peer, answer.record, now)
      case 'done':
        return []
    }
  }

  private onCommand(command: Command, now: Millis): Cup2pyEffect[] {
    switch (command.type) {
      case 'load':
        return this.load(command.users)
      case 'own':
        this.searches.setOwnRecord(command.record)
        return []
      case 'publish':
        return this.updates.publish(command.record, command.depth, now)
      case 'learn':
        return this.updates.learn(command.record, command.reachedAt, now)
      case 'pin':
        this.users.setPinned(command.hash, command.pinned)
        return []
      case 'forget':
        this.users.delete(command.hash)
        return [{ type: 'ask', ask: { type: 'remove', hash: command.hash } }]
      case 'search':
        return this.searches.start(command, now)
      case 'end':
        return this.searches.end(command.id)
    }
  }

  /** More than there is room for, and those forgotten first leave the book too */
  private load(users: Extract<Command, { type: 'load' }>['users']): Cup2pyEffect[] {
    const evicted = users.flatMap((user) => this.users.put(user))
    return evicted.map((hash) => ({ type: 'ask', ask: { type: 'remove', hash } }))
  }

  private drop(reason: DropReason): Cup2pyEffect[] {
    this.stats.dropped[reason]++
    return []
  }
}

function isPast({ date }: UserRecord, latest: Millis): boolean {
  const parts = parseDate(date)
  return parts !== undefined && dateMillis(parts) <= latest
}
