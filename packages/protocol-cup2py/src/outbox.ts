/**
 * Requests on their way to peers, dialled first where there is no session. Addresses come from strangers, so dials are
 * few, and an address that failed is left alone for long.
 *
 * @see docs/specs/cup2py.md#sessions-and-limits
 */
import { BoundedMap } from '@hearsay/protocol-core/pure'
import { DIAL_BACKOFF, DIAL_BURST, MAX_DIALS, MAX_FAILED, MAX_FOUND, MAX_WAITING, WAIT_TIME } from './constants.ts'
import { TokenBuckets } from './rate.ts'
import type { Millis, PeerKey } from '@hearsay/protocol-core/pure'
import type { Message } from './codec.ts'
import type { Cup2pyEffect } from './contract.ts'
import type { Peers } from './peers.ts'
import type { Stats } from './stats.ts'
import type { Recipient } from './users.ts'

interface Waiting {
  recipient: Recipient
  /** BOUNDED by MAX_WAITING: more are dropped */
  messages: Message[]
  until: Millis
  dialling: boolean
}

export interface OutboxInit {
  self: PeerKey
  peers: Peers
  stats: Stats
  dialRate: number
}

export class Outbox {
  private readonly init: OutboxInit
  /** BOUNDED by MAX_DIALS: what is for one more is dropped */
  private readonly waiting = new Map<PeerKey, Waiting>()
  private readonly rate: TokenBuckets<'all'>
  /** Addresses that could not be dialled, and until when they are left alone */
  private readonly failed = new BoundedMap<string, Millis>(MAX_FAILED)
  /** Peers that libp2p is connected to: a stream to one of them is no dial */
  private readonly found = new BoundedMap<PeerKey, true>(MAX_FOUND)

  constructor(init: OutboxInit) {
    this.init = init
    this.rate = new TokenBuckets(init.dialRate, DIAL_BURST, 1)
  }

  onFound(peer: PeerKey): void {
    this.found.set(peer, true)
  }

  /** To a peer with a session; dropped when it is gone */
  reply(peer: PeerKey, message: Message, now: Millis): Cup2pyEffect[] {
    if (!this.init.peers.isOpen(peer)) {
      return []
    }

    this.init.peers.touch(peer, now)
    this.init.stats.sent[message.type]++
    return [{ type: 'send', peer, message }]
  }

  /** To all of these, those without a session once they are dialled */
  send(recipients: readonly Recipient[], message: Message, now: Millis): Cup2pyEffect[] {
    const effects: Cup2pyEffect[] = []

    for (const recipient of recipients) {
      if (this.init.peers.isOpen(recipient.peer)) {
        effects.push(...this.reply(recipient.peer, message, now))
      } else if (recipient.peer !== this.init.self && !this.isLeftAlone(recipient, now)) {
        this.wait(recipient, message, now)
      }
    }

    return this.waiting.size === 0 ? effects : [...effects, ...this.dial(now)]
  }

  /** @returns what waited for it */
  onConnected(peer: PeerKey, now: Millis): Cup2pyEffect[] {
    const messages = this.waiting.get(peer)?.messages.splice(0) ?? []
    return messages.flatMap((message) => this.reply(peer, message, now))
  }

  /** @returns the users that were reached, if they were */
  onDialled(dial: string, reached: PeerKey | undefined, now: Millis): string[] {
    const waiting = this.waiting.get(dial as PeerKey)
    this.waiting.delete(dial as PeerKey)

    if (reached !== dial) {
      this.found.delete(dial as PeerKey)

      if (waiting !== undefined) {
        this.failed.set(waiting.recipient.address, now + DIAL_BACKOFF)
      }

      return []
    }

    return waiting?.recipient.hashes ?? []
  }

  /** Whether somebody is still being dialled for it */
  isWaiting(message: Message): boolean {
    return [...this.waiting.values()].some(({ messages }) => messages.includes(message))
  }

  /** Dials whom there are tokens for */
  dial(now: Millis): Cup2pyEffect[] {
    const effects: Cup2pyEffect[] = []

    for (const [peer, waiting] of this.waiting) {
      if (!waiting.dialling && waiting.until <= now) {
        this.waiting.delete(peer)
      } else if (!waiting.dialling) {
        if (!this.found.has(peer) && !this.rate.take('all', now)) {
          return [...effects, { type: 'arm', key: 'dial', at: this.rate.nextAt('all') }]
        }

        waiting.dialling = true
        const addresses = this.found.has(peer) ? [] : [waiting.recipient.address]
        effects.push({ type: 'dial', dial: peer, peer, addresses })
      }
    }

    return effects
  }

  /** Its address failed, and libp2p is not connected to it otherwise */
  private isLeftAlone({ peer, address }: Recipient, now: Millis): boolean {
    return !this.found.has(peer) && (this.failed.get(address) ?? 0) > now
  }

  private wait(recipient: Recipient, message: Message, now: Millis): void {
    const waiting = this.waiting.get(recipient.peer)

    if (waiting === undefined && this.waiting.size < MAX_DIALS) {
      this.waiting.set(recipient.peer, { recipient, messages: [message], until: now + WAIT_TIME, dialling: false })
    } else if (waiting !== undefined && waiting.messages.length < MAX_WAITING) {
      waiting.messages.push(message)
    }
  }
}
