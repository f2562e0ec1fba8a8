/**
 * WHISPER: to one node, directly or passed on by nodes that are ever closer to it. Who passes it on cannot read it.
 *
 * @see docs/specs/shout.md#whisper
 */
import { BoundedMap, toHex } from '@hearsay/protocol-core/pure'
import { MAX_CALLS, MAX_HOP_CANDIDATES, MAX_RELAYED, Opcode, RELAY_TIME } from './constants.ts'
import { compareDistance } from './distance.ts'
import { messageAt, sameBytes } from './message.ts'
import type { Millis, PeerKey } from '@hearsay/protocol-core/pure'
import type { CallId, Command } from './contract.ts'
import type { Context } from './context.ts'
import type { TrueMessage } from './intake.ts'
import type { Keys } from './known-keys.ts'
import type { Link } from './link.ts'
import type { Links } from './links.ts'
import type { SignedMessage } from './message.ts'
import type { Value } from './msgpack.ts'
import type { Dialable, Nodes } from './nodes.ts'
import type { Seen } from './seen.ts'
import type { Spread } from './spread.ts'
import type { Table } from './table.ts'

const TIMER = 'whisper'
/** How long one hop may take before the next candidate is tried ◆ */
const HOP_TIME: Millis = 3_000
/** Of the signature, as its name: nobody can make one with given bytes */
const NAME_BYTES = 32

interface Passing {
  message: SignedMessage
  /** Who gave it to us; undefined: it is our own */
  asker: PeerKey | undefined
  call: CallId | undefined
  /** Hexadecimal ids. BOUNDED by MAX_HOP_CANDIDATES */
  readonly tried: Set<string>
  /** Where it is now */
  hop: PeerKey | undefined
  hopUntil: Millis
  until: Millis
  over: boolean
}

export interface WhispersInit {
  context: Context
  links: Links
  nodes: Nodes
  table: Table
  keys: Keys
  spread: Spread
  seen: Seen
}

export class Whispers {
  private readonly init: WhispersInit
  private readonly context: Context
  private readonly links: Links
  private readonly nodes: Nodes
  /** By name */
  private readonly passing = new BoundedMap<string, Passing>(MAX_RELAYED)
  /** Calls without an answer, and until when. BOUNDED by MAX_CALLS */
  private readonly calls = new Map<CallId, Millis>()
  private armed = false

  constructor(init: WhispersInit) {
    this.init = init
    this.context = init.context
    this.links = init.links
    this.nodes = init.nodes
  }

  /** One of our own */
  onCommand(command: Extract<Command, { type: 'whisper' }>): void {
    const { call, to, mode } = command

    if (this.calls.size >= MAX_CALLS) {
      return this.context.result(call, { type: 'failed', reason: 'busy' })
    }

    this.calls.set(call, this.context.now + this.context.config.whisperTimeout)
    this.arm()
    const isAddress = to.byteLength === this.context.config.tau / 8
    const known = isAddress ? this.nodes.closest(to, 1).find(({ id }) => sameBytes(id, to)) : undefined
    const key = isAddress ? known?.key : this.init.keys.currentOf(to)

    if (key !== undefined && this.links.byKey(key) !== undefined) {
      this.begin(command, key, this.links.byKey(key))
    } else if (mode === 'direct') {
      this.fail(call)
    } else if (key !== undefined && (mode === 'recursive' || (mode === 'auto' && this.isFilled(key)))) {
      this.begin({ ...command, sealed: true }, key, undefined)
    } else {
      this.iterate(command, key)
    }
  }

  abort(call: CallId): void {
    this.calls.delete(call)
  }

  /** @returns false when the peer was closed over it */
  onWhisper(link: Link, { message, value }: TrueMessage): void {
    if (this.context.isOurs(message.to)) {
      return this.receive(link, message, value)
    }

    const name = nameOf(message.signature)

    if (!message.sealed || this.passing.has(name)) {
      return this.refuse(link.peer, message.signature)
    }

    const copy = messageAt(new Uint8Array(message.bytes), 0, this.context.config.beta)
    const passing = this.start(copy, link.peer, undefined)
    this.pass(name, passing)
  }

  /** `ACK [8, signature]` by the receiver, or `NACK` by who has it now. @returns whether it was expected */
  onAnswer(link: Link, accepted: boolean, rest: readonly Value[], answer: SignedMessage): boolean {
    const [signature] = rest
    const name = signature instanceof Uint8Array ? nameOf(signature) : ''
    const passing = this.passing.get(name)

    if (passing === undefined || passing.over) {
      return passing !== undefined
    } else if (!accepted) {
      if (passing.hop === link.peer) {
        this.pass(name, passing)
      }

      return true
    } else if (!this.init.keys.isSame(passing.message.to, answer.from)) {
      return false
    }

    passing.over = true

    if (passing.call !== undefined) {
      this.end(passing.call, true)
    } else if (passing.asker !== undefined && this.links.get(passing.asker) !== undefined) {
      this.context.send(passing.asker, answer.bytes)
    }

    return true
  }

  onLost(peer: PeerKey): void {
    for (const [name, passing] of this.passing) {
      if (passing.hop === peer && !passing.over) {
        this.pass(name, passing)
      }
    }
  }

  onTimer(): void {
    const { now } = this.context
    this.armed = false

    for (const [call, until] of this.calls) {
      if (until <= now) {
        this.calls.delete(call)
        this.context.result(call, { type: 'failed', reason: 'timeout' })
      }
    }

    for (const [name, passing] of this.passing) {
      if (passing.until <= now) {
        this.passing.delete(name)
      } else if (!passing.over && passing.hopUntil <= now) {
        this.pass(name, passing)
      }
    }

    this.arm()
  }

  /** It is for us: once to the application, and an ACK each time */
  private receive(link: Link, { signature, from }: SignedMessage, value: Value | undefined): void {
    const { seen, spread } = this.init

    if (value !== undefined && spread.remember(signature)) {
      this.context.emit({ type: 'heard', message: { kind: 'whisper', value, from, peer: link.peer } })
    }

    if (seen.has(signature)) {
      this.links.answerTo(link, from, Opcode.ACK, [Opcode.WHISPER, new Uint8Array(signature)])
    } else {
      this.refuse(link.peer, signature)
    }
  }

  private refuse(peer: PeerKey, signature: Uint8Array): void {
    const link = this.links.get(peer)

    if (link !== undefined) {
      this.links.answer(link, Opcode.NACK, [Opcode.WHISPER, new Uint8Array(signature)])
    }
  }

  /** Filled: the receiver's bucket has no room, or all our streams are used */
  private isFilled(key: Uint8Array): boolean {
    return this.nodes.buckets.isFull(this.nodes.idOf(key)) || this.links.outward >= this.context.config.limit
  }

  /** Ask until it is known where the receiver is, connect to it, and tell it */
  private iterate(command: Extract<Command, { type: 'whisper' }>, key: Uint8Array | undefined): void {
    const { call, to, mode } = command
    const id = key === undefined ? to : this.nodes.idOf(key)
    this.init.table.findNode(id, id, (found) => {
      const node = found.find((each): each is Dialable => sameBytes(each.id, id) && each.address !== undefined)
      const next = (link: Link | undefined): void => {
        const receiver = node?.key ?? key

        if (link !== undefined) {
          this.begin(command, link.key!, link)
        } else if (mode === 'auto' && receiver !== undefined) {
          this.begin({ ...command, sealed: true }, receiver, undefined)
        } else {
          this.fail(call)
        }
      }

      if (node === undefined) {
        next(undefined)
      } else {
        this.links.reach(node, next)
      }
    })
  }

  /** @param link - to the receiver; without one it is passed on */
  private begin(
    { call, payload, sealed }: Extract<Command, { type: 'whisper' }>,
    to: Uint8Array,
    link: Link | undefined
  ): void {
    const { context } = this
    const signing = context.sign({ opcode: Opcode.WHISPER, to, payload, seal: sealed }, (bytes) => {
      if (bytes === undefined || !this.calls.has(call)) {
        return this.fail(call)
      }

      const message = messageAt(bytes, 0, context.config.beta)
      const passing = this.start(message, undefined, call)

      // its stream may have ended while we signed
      if (link === undefined || this.links.get(link.peer) !== link) {
        this.pass(nameOf(message.signature), passing)
      } else {
        this.hop(passing, link, this.calls.get(call)!)
      }
    })

    if (!signing) {
      this.fail(call)
    }
  }

  private start(message: SignedMessage, asker: PeerKey | undefined, call: CallId | undefined): Passing {
    const until = this.context.now + RELAY_TIME
    const passing = {
      message,
      asker,
      call,
      tried: new Set<string>(),
      hop: undefined,
      hopUntil: until,
      until,
      over: false
    }
    this.passing.set(nameOf(message.signature), passing)
    this.arm()
    return passing
  }

  /** To the closest node that was not tried; when there is none any more, back to who asked */
  private pass(name: string, passing: Passing): void {
    passing.hop = undefined

    if (!passing.message.sealed) {
      // meant for the receiver's eyes, and it did not take it
      return this.giveUp(passing)
    }

    const to = this.nodes.idOf(this.init.keys.currentOf(passing.message.to))
    const next = this.candidate(passing, to)

    if (next === undefined) {
      return this.giveUp(passing)
    }

    passing.tried.add(toHex(next.id))
    passing.hopUntil = this.context.now + HOP_TIME
    this.arm()
    const go = (link: Link | undefined): void => {
      if (!passing.over && this.passing.get(name) === passing && passing.hop === undefined) {
        if (link === undefined) {
          this.pass(name, passing)
        } else {
          this.hop(passing, link, this.context.now + HOP_TIME)
        }
      }
    }

    if (next.address === undefined) {
      go(this.links.byKey(next.key))
    } else {
      this.links.reach({ key: next.key, address: next.address }, go)
    }
  }

  private candidate(
    { asker, call, tried, message }: Passing,
    to: Uint8Array
  ): ReturnType<Nodes['closest']>[0] | undefined {
    const self = this.nodes.idOf(this.context.key)
    const from = this.nodes.idOf(message.from)

    return tried.size >= MAX_HOP_CANDIDATES
      ? undefined
      : this.nodes
          .closest(to, MAX_HOP_CANDIDATES + 3)
          .filter(({ id }) => call !== undefined || compareDistance(to, id, self) < 0)
          .find(({ id, key }) => {
            const link = this.links.byKey(key)
            return !tried.has(toHex(id)) && !sameBytes(id, from) && (link === undefined || link.peer !== asker)
          })
  }

  private hop(passing: Passing, link: Link, until: Millis): void {
    passing.hop = link.peer
    passing.hopUntil = until
    link.lastUsed = this.context.now
    this.context.send(link.peer, passing.message.bytes)
    this.arm()
  }

  private giveUp(passing: Passing): void {
    passing.over = true

    if (passing.call !== undefined) {
      this.fail(passing.call)
    } else if (passing.asker !== undefined) {
      this.refuse(passing.asker, passing.message.signature)
    }
  }

  private fail(call: CallId): void {
    this.end(call, false)
  }

  private end(call: CallId, delivered: boolean): void {
    if (this.calls.delete(call)) {
      this.context.result(call, delivered ? { type: 'done' } : { type: 'failed', reason: 'no route' })
    }
  }

  /** Looked at a few times a second while something waits */
  private arm(): void {
    if (!this.armed && (this.calls.size > 0 || this.passing.size > 0)) {
      this.armed = true
      this.context.arm(TIMER, this.context.now + 250)
    }
  }
}

function nameOf(signature: Uint8Array): string {
  return toHex(signature.subarray(0, NAME_BYTES))
}
