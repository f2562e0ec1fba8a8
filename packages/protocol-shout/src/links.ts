/**
 * Peers: from an open stream to an agreed subnet and a key that is proven to belong to the connection.
 *
 * @see docs/specs/shout.md#connection
 */
import { toHex } from '@hearsay/protocol-core/pure'
import { MAX_CALLS, MAX_REPLIES, MAX_VISITS, Opcode, Option, TRANSPORT } from './constants.ts'
import { sameBytes } from './message.ts'
import { encodeValue } from './msgpack.ts'
import { Link } from './link.ts'
import type { Direction, Millis, PeerKey } from '@hearsay/protocol-core/pure'
import type { ShoutConfig } from './constants.ts'
import type { Context } from './context.ts'
import type { TrueMessage } from './intake.ts'
import type { Value } from './msgpack.ts'
import type { NodeInfo } from './payloads.ts'

const HANDSHAKE = 'handshake'

interface Visit {
  /** Hexadecimal id of the node that is wanted; undefined: whoever answers */
  id: string | undefined
  /** Connected already, and found by identify */
  peer?: PeerKey
  /** BOUNDED by MAX_CALLS */
  waiting: ((link: Link | undefined) => void)[]
}

export interface LinksInit {
  context: Context
  /** Compressions of ours, the one we like best first */
  methods: readonly number[]
  onBound(link: Link): void
  onLost(link: Link): void
  /** No stream to be had to a peer that identify found */
  onUnreached(peer: PeerKey): void
  /** It went by another key before */
  onRenamed(link: Link, previous: Uint8Array): void
}

export class Links {
  private readonly context: Context
  private readonly init: LinksInit
  /** BOUNDED by limit, maxInbound and MAX_VISITS */
  private readonly links = new Map<PeerKey, Link>()
  /** Bound ones by hexadecimal id. BOUNDED as the links */
  private readonly byId = new Map<string, Link>()
  /** Dials under way. BOUNDED by limit and MAX_VISITS */
  private readonly visits = new Map<string, Visit>()
  /** Signed once and sent to all: what says the same to everybody. BOUNDED by the options there are */
  private readonly constant = new Map<string, Uint8Array>()
  private dials = 0
  private armed = false

  constructor(init: LinksInit) {
    this.init = init
    this.context = init.context
  }

  get(peer: PeerKey): Link | undefined {
    return this.links.get(peer)
  }

  all(): IterableIterator<Link> {
    return this.links.values()
  }

  /** Peers that proved their key */
  *bound(except?: PeerKey): IterableIterator<PeerKey> {
    for (const { bound, peer } of this.links.values()) {
      if (bound && peer !== except) {
        yield peer
      }
    }
  }

  byKey(key: Uint8Array): Link | undefined {
    return this.byId.get(this.idOf(key))
  }

  /** Whether no more can be dialled now: who cannot be reached may well be there */
  get isBusy(): boolean {
    return this.visits.size >= MAX_VISITS
  }

  /** Streams of ours that are to last, those being dialled included */
  get outward(): number {
    let count = 0

    // one that is connected is among the links, though its dial has not ended yet
    for (const { peer } of this.visits.values()) {
      count += peer === undefined || !this.links.has(peer) ? 1 : 0
    }

    for (const { direction, visiting } of this.links.values()) {
      count += direction === 'outbound' && !visiting ? 1 : 0
    }

    return count
  }

  onConnected(peer: PeerKey, direction: Direction, group: string): void {
    const { limit, maxInbound, peerRate } = this.context.config
    const inbound = [...this.links.values()].filter((link) => link.direction === 'inbound').length
    const outbound = this.links.size - inbound
    const visiting = direction === 'outbound' && this.lasting() >= limit
    const link = new Link({ peer, direction, group, visiting, now: this.context.now, rate: peerRate })
    this.links.set(peer, link)

    if (direction === 'inbound' ? inbound >= maxInbound : outbound >= limit + MAX_VISITS) {
      return this.context.close(peer, 'full')
    }

    this.sendConstant(link, [Option.SUBNET, descriptor(this.context.config)])
    this.sendOption(link, [Option.CONNECTION, [this.context.self, peer]], () => this.onIntroduced(link))
    const { methods } = this.init
    methods.forEach((method) => this.sendConstant(link, [Option.COMPRESSION, method]))

    if (methods[0] !== undefined) {
      this.sendConstant(link, [Option.PREFERRED_COMPRESSION, methods[0]])
    }

    this.arm()
  }

  onDisconnected(peer: PeerKey): void {
    const link = this.links.get(peer)

    if (link !== undefined) {
      this.links.delete(peer)

      if (link.inflates !== 0) {
        this.context.emit({ type: 'compression', peer, method: 0 })
      }

      if (link.key !== undefined && this.byKey(link.key) === link) {
        this.byId.delete(this.idOf(link.key))
      }

      link.waiters.splice(0).forEach((then) => then(false))
      this.init.onLost(link)
    }
  }

  /** @returns false when the peer was closed over it */
  onOption(link: Link, { message, value }: TrueMessage): boolean {
    const [option, setting] = Array.isArray(value) ? (value as readonly Value[]) : []

    switch (option) {
      case Option.SUBNET:
        return this.onSubnet(link, message.from, setting)
      case Option.CONNECTION:
        return this.onConnection(link, message.from, setting)
      case Option.COMPRESSION:
      case Option.PREFERRED_COMPRESSION:
        return this.onCompression(link, option, setting)
      default:
        this.answer(link, Opcode.NACK, [Opcode.SET_CONNECTION_OPT, option ?? null, setting ?? null])
        return true
    }
  }

  /** An option of ours was refused. @returns false when that ends it */
  onRefused(link: Link, [option]: readonly Value[]): boolean {
    if (option === Option.SUBNET || option === Option.CONNECTION) {
      this.context.close(link.peer, 'subnet')
      return false
    }

    return true
  }

  /** The peer goes by another key from now on */
  rename(link: Link, next: Uint8Array): void {
    const previous = link.key!
    this.byId.delete(this.idOf(previous))
    link.key = new Uint8Array(next)
    this.byId.set(this.idOf(next), link)
    this.init.onRenamed(link, previous)
  }

  /** Our key changed: what was signed once has to be signed again */
  forgetSigned(): void {
    this.constant.clear()
  }

  /** Find the peer, or connect to it and wait until it proved its key */
  reach({ key, address }: NodeInfo, then: (link: Link | undefined) => void): void {
    const link = this.byKey(key)
    const id = this.idOf(key)

    if (link !== undefined) {
      link.lastUsed = this.context.now
      return then(link)
    }

    for (const visit of this.visits.values()) {
      if (visit.id === id && visit.waiting.length < MAX_CALLS) {
        visit.waiting.push(then)
        return
      }
    }

    this.dial(address, id, then)
  }

  /** @param id - of the node that must answer there, if any must */
  dial(address: string, id: string | undefined, then: (link: Link | undefined) => void): void {
    if (this.isBusy) {
      return then(undefined)
    }

    const dial = String(this.dials++)
    this.visits.set(dial, { id, waiting: [then] })
    this.context.dial(dial, undefined, [address])
  }

  /** A connected peer that identify found. @returns false when too many are being dialled */
  dialPeer(peer: PeerKey): boolean {
    if (this.isBusy) {
      return false
    }

    const dial = String(this.dials++)
    this.visits.set(dial, { id: undefined, peer, waiting: [] })
    this.context.dial(dial, peer, [])
    return true
  }

  onDialled(dial: string, peer: PeerKey | undefined): void {
    const visit = this.visits.get(dial)
    const link = peer === undefined ? undefined : this.links.get(peer)
    this.visits.delete(dial)

    if (visit === undefined) {
      return
    }

    if (link === undefined && visit.peer !== undefined) {
      this.init.onUnreached(visit.peer)
    }

    const then = (bound: boolean): void => {
      const found = bound && (visit.id === undefined || this.byId.get(visit.id) === link) ? link : undefined
      visit.waiting.forEach((each) => each(found))
    }

    if (link === undefined || link.bound) {
      then(link !== undefined)
    } else {
      link.waiters.push(then)
    }
  }

  onTimer(): void {
    this.armed = false

    for (const link of this.links.values()) {
      if (isWaiting(link) && link.since + this.context.config.handshakeTimeout <= this.context.now) {
        link.late = true
        this.context.close(link.peer, 'late')
      }
    }

    this.arm()
  }

  /** A few words back to the peer */
  answer(link: Link, opcode: number, payload: Value): void {
    if (link.key !== undefined) {
      this.answerTo(link, link.key, opcode, payload)
    }
  }

  /** A few words through the peer. Answers come in order, so that without one of them the rest would be worthless */
  answerTo(link: Link, to: Uint8Array, opcode: number, payload: Value): void {
    const send = (bytes: Uint8Array | undefined): void => {
      link.replying--
      this.send(link, bytes)
    }

    if (link.replying < MAX_REPLIES && this.context.sign({ opcode, to, payload: encodeValue(payload) }, send, true)) {
      link.replying++
    } else {
      this.context.close(link.peer, 'full')
    }
  }

  send(link: Link, bytes: Uint8Array | undefined): void {
    if (bytes !== undefined && this.links.get(link.peer) === link) {
      this.context.send(link.peer, bytes)
    }
  }

  idOf(key: Uint8Array): string {
    return toHex(this.context.addressOf(key))
  }

  private lasting(): number {
    return [...this.links.values()].filter(({ direction, visiting }) => direction === 'outbound' && !visiting).length
  }

  private onSubnet(link: Link, from: Uint8Array, setting: Value | undefined): boolean {
    const own = descriptor(this.context.config)
    const isOurs = Array.isArray(setting) && sameBytes(encodeValue(setting as Value), encodeValue(own))
    const isNew = link.key === undefined || sameBytes(link.key, from)

    if (!isNew || sameBytes(from, this.context.key)) {
      this.context.close(link.peer, 'violation')
      return false
    }

    // copied: it outlives the chunk it came in
    link.key ??= new Uint8Array(from)
    const payload: Value = [Opcode.SET_CONNECTION_OPT, Option.SUBNET, setting ?? null]

    if (isOurs) {
      this.answer(link, Opcode.ACK, payload)
      return true
    }

    this.part(link, payload)
    return false
  }

  /** Say why, and close it */
  private part(link: Link, payload: Value): void {
    const draft = { opcode: Opcode.NACK, to: link.key!, payload: encodeValue(payload) }
    const close = (bytes?: Uint8Array): void => {
      if (this.links.get(link.peer) === link) {
        this.send(link, bytes)
        this.context.close(link.peer, 'subnet')
      }
    }
    link.parting = true

    if (!this.context.sign(draft, close, true)) {
      close()
    }
  }

  private onConnection(link: Link, from: Uint8Array, setting: Value | undefined): boolean {
    const [theirs, ours] = Array.isArray(setting) ? (setting as readonly Value[]) : []
    const isTrue = theirs === link.peer && ours === this.context.self

    if (link.key === undefined || !sameBytes(link.key, from) || !isTrue) {
      this.context.close(link.peer, 'violation')
      return false
    }

    this.answer(link, Opcode.ACK, [Opcode.SET_CONNECTION_OPT, Option.CONNECTION, setting as Value])

    if (!link.proven) {
      link.proven = true
      this.bind(link)
    }

    return true
  }

  /** What is relayed overtakes what is still being signed: before this it would come to a peer that does not know us */
  private onIntroduced(link: Link): void {
    link.introduced = true
    this.bind(link)
  }

  private bind(link: Link): void {
    if (link.bound && this.links.get(link.peer) === link) {
      this.byId.set(this.idOf(link.key!), link)
      this.init.onBound(link)
      link.waiters.splice(0).forEach((then) => then(true))
    }
  }

  private onCompression(link: Link, option: number, setting: Value | undefined): boolean {
    const isOurs = typeof setting === 'number' && this.init.methods.includes(setting)
    this.answer(link, isOurs ? Opcode.ACK : Opcode.NACK, [Opcode.SET_CONNECTION_OPT, option, setting ?? null])

    // its stream may have ended while this was verified
    if (isOurs && this.links.get(link.peer) === link) {
      if (option === Option.COMPRESSION) {
        link.inflates |= 1 << setting
      } else {
        link.preferred = setting
      }

      const { preferred } = link
      const inflates = (each: number): boolean => (link.inflates & (1 << each)) !== 0
      const liked = preferred !== undefined && inflates(preferred) ? preferred : undefined
      const method = liked ?? this.init.methods.find(inflates) ?? 0
      this.context.emit({ type: 'compression', peer: link.peer, method })
    }

    return true
  }

  private sendConstant(link: Link, payload: Value): void {
    const name = JSON.stringify(payload)
    const signed = this.constant.get(name)

    if (signed === undefined) {
      const { key } = this.context
      this.sendOption(link, payload, (bytes) => key === this.context.key && this.constant.set(name, bytes))
    } else {
      // through the queue all the same, or it would overtake what was to come before
      this.context.inOrder(() => this.send(link, signed))
    }
  }

  /** `to` is our own key while the peer's is unknown */
  private sendOption(link: Link, payload: Value, then?: (bytes: Uint8Array) => void): void {
    const { key } = this.context
    const send = (bytes: Uint8Array | undefined): void => {
      this.send(link, bytes)

      if (bytes !== undefined) {
        then?.(bytes)
      }
    }

    this.context.sign({ opcode: Opcode.SET_CONNECTION_OPT, to: key, payload: encodeValue(payload) }, send, true)
  }

  private arm(): void {
    if (!this.armed) {
      const since: Millis[] = [...this.links.values()].filter(isWaiting).map((link) => link.since)

      if (since.length > 0) {
        this.armed = true
        this.context.arm(HANDSHAKE, Math.min(...since) + this.context.config.handshakeTimeout)
      }
    }
  }
}

function isWaiting({ bound, late }: Link): boolean {
  return !bound && !late
}

/** What both must say alike. @see docs/specs/shout.md#connection */
export function descriptor({ k, alpha, tau, beta, limit, description }: ShoutConfig): Value {
  return [k, alpha, tau, beta, limit, TRANSPORT, description]
}
