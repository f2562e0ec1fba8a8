/**
 * Keys that change: who may change them, and who follows.
 *
 * @see docs/specs/shout.md#keys
 */
import { BoundedMap, toHex } from '@hearsay/protocol-core/pure'
import { CHANGES_PER_MINUTE, MAX_SUCCESSORS, Opcode, SUCCESSION_TIME } from './constants.ts'
import { sameBytes } from './message.ts'
import { encodeValue } from './msgpack.ts'
import { readChangeKey } from './payloads.ts'
import { Tokens } from './tokens.ts'
import type { Millis } from '@hearsay/protocol-core/pure'
import type { Command } from './contract.ts'
import type { Context } from './context.ts'
import type { TrueMessage } from './intake.ts'
import type { Link } from './link.ts'
import type { Links } from './links.ts'
import type { SignedMessage } from './message.ts'
import type { ChangeKey } from './payloads.ts'
import type { Spread } from './spread.ts'

interface Successor {
  next: Uint8Array
  until: Millis
  /** There were two: none is followed */
  conflict: boolean
}

export class Keys {
  private readonly context: Context
  private readonly links: Links
  private readonly spread: Spread
  /** By the old key, hexadecimal */
  private readonly successors = new BoundedMap<string, Successor>(MAX_SUCCESSORS)
  private readonly rate: Tokens

  constructor(context: Context, links: Links, spread: Spread) {
    this.context = context
    this.links = links
    this.spread = spread
    this.rate = new Tokens(CHANGES_PER_MINUTE / 60, 0)
  }

  /** The key that this one became, as far as it is followed */
  currentOf(key: Uint8Array): Uint8Array {
    const successor = this.successors.get(toHex(key))
    const follow = successor !== undefined && !successor.conflict && successor.until > this.context.now
    return follow ? successor.next : key
  }

  isSame(a: Uint8Array, b: Uint8Array): boolean {
    return sameBytes(a, b) || sameBytes(this.currentOf(a), b)
  }

  /** Its signatures, that of the new key included, are true by now. */
  onChangeKey(link: Link, { message, value }: TrueMessage): void {
    const change = readChangeKey(value!, message.from, this.context.config.beta)

    if (change?.proof === undefined || sameBytes(change.current, change.next)) {
      return this.links.answer(link, Opcode.NACK, [Opcode.CHANGE_KEY])
    }

    const { current, next } = change
    const isDirect = link.key !== undefined && sameBytes(link.key, current)
    const isNew = this.spread.isNew(message)

    if (isDirect || isNew) {
      this.learn(link, message, { current: new Uint8Array(current), next: new Uint8Array(next) }, isDirect)
    }

    // not before the peer says so itself: what it sent until then it signed by its old key
    if (isDirect && sameBytes(this.currentOf(current), next)) {
      this.links.rename(link, next)
      this.links.answer(link, Opcode.ACK, [Opcode.CHANGE_KEY, current, next])
    }
  }

  /**
   * Our own: what is signed from now on is signed by the new key.
   *
   * @returns whether it is the new key from now on
   */
  onCommand({ call, next, proof }: Extract<Command, { type: 'changeKey' }>): boolean {
    const { context } = this
    const current = context.key
    const payload = encodeValue([current, next, proof])
    const signing = context.sign({ opcode: Opcode.CHANGE_KEY, from: current, to: current, payload }, (bytes) => {
      if (bytes === undefined) {
        return context.result(call, { type: 'failed', reason: 'busy' })
      }

      this.spread.sendOwn(bytes)
      context.emit({ type: 'key-change', current, next })
      context.result(call, { type: 'done' })
    })

    if (signing) {
      const until = context.now + SUCCESSION_TIME
      context.changeKey(next, until)
      this.successors.set(toHex(current), { next, until, conflict: false })
      this.links.forgetSigned()
    } else {
      context.result(call, { type: 'failed', reason: 'busy' })
    }

    return signing
  }

  private learn(
    link: Link,
    message: SignedMessage,
    { current, next }: Pick<ChangeKey, 'current' | 'next'>,
    isDirect: boolean
  ): void {
    const known = this.successors.get(toHex(current))

    if (known !== undefined) {
      return this.onSecond(known, current, next)
    } else if (isDirect || this.rate.take(1, this.context.now)) {
      const until = this.context.now + SUCCESSION_TIME
      this.successors.set(toHex(current), { next, until, conflict: false })
      this.context.emit({ type: 'key-change', current, next })
      this.spread.forward(message, link.peer)
    }
  }

  private onSecond(known: Successor, current: Uint8Array, next: Uint8Array): void {
    if (!known.conflict && !sameBytes(known.next, next)) {
      known.conflict = true
      this.context.emit({ type: 'key-conflict', current, next })
    }
  }
}
