/** What all parts of the engine share: time, chance, who we are, and the list of what is to be done. */
import { FoundPeers } from '@hearsay/protocol-core/pure'
import { FOUND, MAX_SIGNING } from './constants.ts'
import { addressOf } from './distance.ts'
import { KeyTable } from './key-table.ts'
import { sameBytes } from './message.ts'
import type { Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { ShoutConfig } from './constants.ts'
import type { Answer, Ask, CallId, CloseReason, Event, Result, ShoutEffect } from './contract.ts'

export interface ContextInit {
  /** Our peer id */
  self: PeerKey
  /** Our public key, DER */
  key: Uint8Array
  config: ShoutConfig
  random: Random
  /** ms since 1970 when the engine's clock shows zero */
  epoch: number
}

type Unticketed<T> = T extends { ticket: number } ? Omit<T, 'ticket'> : never
type AnswerOf<T extends Answer['type']> = Extract<Answer, { type: T }>

/** A message to be signed */
export interface Draft {
  opcode: number
  to: Uint8Array
  payload: Uint8Array
  seal?: boolean
  /** @default our current key */
  from?: Uint8Array
}

/** What a peer would do again */
const WRONGS: ReadonlySet<CloseReason> = new Set(['subnet', 'violation', 'malformed', 'full'])
/** Keys whose address is remembered: to find one takes as long as a few lookups */
const MAX_ADDRESSES = 128

interface Signing {
  done: boolean
  bytes: Uint8Array | undefined
  next: (bytes: Uint8Array | undefined) => void
}

export class Context {
  readonly self: PeerKey
  readonly config: ShoutConfig
  readonly random: Random
  /** Our current public key */
  key: Uint8Array
  now: Millis = 0
  /** Connected peers that speak the protocol, to open streams to */
  readonly found = new FoundPeers(FOUND)
  private previous: { key: Uint8Array; until: Millis } | undefined
  private readonly epoch: number
  private readonly addresses: KeyTable<Uint8Array>
  /** BOUNDED by what one input causes */
  private effects: ShoutEffect[] = []
  private tickets = 0
  /** What goes on when an answer comes. BOUNDED by MAX_SIGNING, and by what is pending of each peer */
  private readonly waiting = new Map<number, (answer: Answer) => void>()
  /** In the order of the asks, which is the order of sending. BOUNDED by twice MAX_SIGNING */
  private readonly signing: Signing[] = []

  constructor({ self, key, config, random, epoch }: ContextInit) {
    this.self = self
    this.key = key
    this.config = config
    this.random = random
    this.epoch = epoch
    this.addresses = new KeyTable(MAX_ADDRESSES, random)
  }

  /** ms since 1970, for what travels */
  get wallTime(): number {
    return Math.floor(this.epoch + this.now)
  }

  /** Where a node with this key (DER) stands in the table */
  addressOf(key: Uint8Array): Uint8Array {
    return this.addresses.get(key, (copy) => addressOf(copy, this.config.tau))
  }

  /** Whether this is our key, or was until not long ago */
  isOurs(key: Uint8Array): boolean {
    return (
      sameBytes(key, this.key) ||
      (this.previous !== undefined && this.previous.until > this.now && sameBytes(key, this.previous.key))
    )
  }

  /** @param until - what is sent to the old key is ours that long */
  changeKey(next: Uint8Array, until: Millis): void {
    this.previous = { key: this.key, until }
    this.key = next
  }

  take(): ShoutEffect[] {
    const { effects } = this
    this.effects = []
    return effects
  }

  send(peer: PeerKey, body: Uint8Array): void {
    this.effects.push({ type: 'send', peer, message: { compression: 0, body } })
  }

  /** One message to many: encoded once */
  sendAll(peers: Iterable<PeerKey>, body: Uint8Array): number {
    const message = { compression: 0, body }
    let sent = 0

    for (const peer of peers) {
      this.effects.push({ type: 'send', peer, message })
      sent++
    }

    return sent
  }

  close(peer: PeerKey, reason: CloseReason): void {
    if (WRONGS.has(reason)) {
      this.found.forget(peer)
    }

    this.effects.push({ type: 'close', peer, reason })
  }

  /** @param peer - in place of addresses: over the connection there is */
  dial(dial: string, peer: PeerKey | undefined, addresses: readonly string[]): void {
    this.effects.push({ type: 'dial', dial, addresses, ...(peer === undefined ? {} : { peer, connected: true }) })
  }

  arm(key: string, at: Millis): void {
    this.effects.push({ type: 'arm', key, at })
  }

  emit(event: Event): void {
    this.effects.push({ type: 'emit', event })
  }

  result(call: CallId, result: Result): void {
    this.emit({ type: 'result', call, result })
  }

  /** @param peer - whose message it is about: it is read no further while too many are open */
  ask<T extends Answer['type']>(
    ask: Unticketed<Ask>,
    _answer: T,
    then: (answer: AnswerOf<T>) => void,
    peer?: PeerKey
  ): void {
    const ticket = this.tickets++
    this.waiting.set(ticket, then as (answer: Answer) => void)
    this.effects.push({ type: 'ask', ask: { ...ask, ticket }, ...(peer === undefined ? {} : { peer }) })
  }

  onAnswer(answer: Answer): void {
    const then = this.waiting.get(answer.ticket)
    this.waiting.delete(answer.ticket)
    then?.(answer)
  }

  /**
   * Sign, and go on in the order of these calls, whichever signature is ready first.
   *
   * @param then - gets the whole message, or undefined when it could not be signed
   * @param isAnswer - to a peer, which counts on it: there is room for it when there is none for calls of our own
   * @returns false when too many wait already: then nothing comes
   */
  sign(
    { opcode, to, payload, seal = false, from = this.key }: Draft,
    then: (bytes: Uint8Array | undefined) => void,
    isAnswer = false
  ): boolean {
    if (this.signing.length >= (isAnswer ? 2 * MAX_SIGNING : MAX_SIGNING)) {
      return false
    }

    const entry: Signing = { done: false, bytes: undefined, next: then }
    this.signing.push(entry)
    this.ask({ type: 'sign', opcode, from, to, payload, seal }, 'signed', ({ bytes }) => {
      entry.done = true
      entry.bytes = bytes
      this.flushSigned()
    })
    return true
  }

  /** Something that needs no signature, once all that was to be signed before is done */
  inOrder(then: () => void): void {
    this.signing.push({ done: true, bytes: undefined, next: then })
    this.flushSigned()
  }

  private flushSigned(): void {
    let ready = 0

    while (this.signing[ready]?.done === true) {
      ready++
    }

    for (const { bytes, next } of this.signing.splice(0, ready)) {
      next(bytes)
    }
  }
}
