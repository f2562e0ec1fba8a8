/**
 * What goes to everybody: SHOUT, SPEAK, ANNOUNCE and CHANGE_KEY. The bytes are passed on as they are.
 *
 * @see docs/specs/shout.md#spreading
 */
import { Opcode } from './constants.ts'
import { KeyTable } from './key-table.ts'
import { Tokens } from './tokens.ts'
import type { PeerKey } from '@hearsay/protocol-core/pure'
import type { CallId, Heard } from './contract.ts'
import type { Context } from './context.ts'
import type { TrueMessage } from './intake.ts'
import type { Link } from './link.ts'
import type { Links } from './links.ts'
import type { SignedMessage } from './message.ts'
import type { Seen } from './seen.ts'

/** Authors whose rate is known ◆ */
const MAX_AUTHORS = 16_384

export interface SpreadInit {
  context: Context
  links: Links
  seen: Seen
  /** Whether digests are told, to be kept over restarts */
  remember: boolean
  /** Whether the application decides on SHOUTs, and on SPEAKs, before they are passed on */
  asks: { shout: boolean; speak: boolean }
}

export class Spread {
  private readonly init: SpreadInit
  private readonly context: Context
  private readonly links: Links
  private readonly authors: KeyTable<Tokens>

  constructor(init: SpreadInit) {
    this.init = init
    this.context = init.context
    this.links = init.links
    this.authors = new KeyTable(MAX_AUTHORS, init.context.random)
  }

  /** One of our own, to all peers */
  say(call: CallId, opcode: number, payload: Uint8Array): void {
    const { context } = this
    const signing = context.sign({ opcode, to: context.key, payload }, (bytes) => {
      if (bytes === undefined) {
        return context.result(call, { type: 'failed', reason: 'busy' })
      }

      const { signature, peers } = this.sendOwn(bytes)
      context.result(call, { type: 'sent', peers, signature })
    })

    if (!signing) {
      context.result(call, { type: 'failed', reason: 'busy' })
    }
  }

  /** Mark it as seen, so that it is dropped when it comes back, and send it to all peers */
  sendOwn(bytes: Uint8Array): { signature: Uint8Array; peers: number } {
    const signature = bytes.subarray(0, this.context.config.beta / 8)
    this.remember(signature)
    return { signature, peers: this.context.sendAll(this.links.bound(), bytes) }
  }

  onShout(link: Link, { message, value }: TrueMessage): void {
    if (this.isNew(message)) {
      const heard: Heard = { kind: 'shout', value: value!, from: message.from, peer: link.peer }
      this.context.emit({ type: 'heard', message: heard })

      if (this.init.asks.shout) {
        this.askAndForward(message, heard)
      } else {
        this.forward(message, link.peer)
      }
    }
  }

  /** For us only, unless the application wants it passed on */
  onSpeak(link: Link, { message, value }: TrueMessage): void {
    if (this.isNew(message)) {
      const heard: Heard = { kind: 'speak', value: value!, from: message.from, peer: link.peer }
      this.context.emit({ type: 'heard', message: heard })

      if (this.init.asks.speak) {
        this.askAndForward(message, heard)
      }

      if (this.context.config.ackSpeak) {
        this.links.answer(link, Opcode.ACK, [Opcode.SPEAK, new Uint8Array(message.signature)])
      }
    }
  }

  /** Whether it is heard of for the first time; and marks it, now that it is known to be true */
  isNew(message: SignedMessage): boolean {
    const { context } = this

    if (!this.remember(message.signature)) {
      return false
    }

    const tokens = this.authors.get(message.from, () => new Tokens(context.config.authorRate, context.now))
    return tokens.take(1, context.now)
  }

  forward(message: SignedMessage, except: PeerKey): void {
    this.context.sendAll(this.links.bound(except), message.bytes)
  }

  /** Over restarts too. @returns whether it is new */
  remember(signature: Uint8Array): boolean {
    const { seen, remember } = this.init
    const isNew = seen.add(signature, this.context.now)

    if (isNew && remember) {
      this.context.emit({ type: 'seen', digest: seen.digestOf(signature).slice() })
    }

    return isNew
  }

  private askAndForward(message: SignedMessage, heard: Heard): void {
    const { context } = this
    const forward = ({ allowed }: { allowed: boolean }): void => {
      if (allowed) {
        this.forward(message, heard.peer)
      }
    }
    context.ask({ type: 'relay', message: heard }, 'relay', forward, heard.peer)
  }
}
