/**
 * From transmissions to messages that are true: decompressed, verified, in the order each peer sent them. A
 * transmission with anything wrong in it is dropped whole, and its peer closed.
 *
 * @see docs/specs/shout.md#order
 */
import { DecodeError } from '@hearsay/protocol-core/pure'
import { MAX_PENDING, MAX_PENDING_BYTES, Opcode } from './constants.ts'
import { decodeMessages, sameBytes } from './message.ts'
import { changeKeyText, readChangeKey, tryDecode } from './payloads.ts'
import type { Context } from './context.ts'
import type { SignatureCheck } from './contract.ts'
import type { Link } from './link.ts'
import type { SignedMessage } from './message.ts'
import type { Value } from './msgpack.ts'
import type { Seen } from './seen.ts'
import type { Transmission } from './transmission.ts'

/** The messages of one transmission, until all of them are known to be true */
export interface Batch {
  link: Link
  bytes: number
  messages: SignedMessage[]
  /** Answers still to come */
  missing: number
  refused: boolean
}

/** A message that is true. No value: it is sealed. */
export interface TrueMessage {
  message: SignedMessage
  value: Value | undefined
}

interface Verifying {
  message: SignedMessage
  /** Batches with the same bytes, which share the outcome. BOUNDED by the batches of all links */
  sharing: Batch[]
}

export interface IntakeInit {
  context: Context
  seen: Seen
  /** Handle one message. @returns false when its peer was closed over it */
  handle(link: Link, message: TrueMessage): boolean
  refuse(link: Link): void
}

export class Intake {
  private readonly context: Context
  private readonly seen: Seen
  private readonly init: IntakeInit
  /** By some bytes of the signature. BOUNDED by the messages of all batches */
  private readonly verifying = new Map<number, Verifying>()

  constructor(init: IntakeInit) {
    this.init = init
    this.context = init.context
    this.seen = init.seen
  }

  onTransmission(link: Link, { compression, body }: Transmission): void {
    const bytes = body.byteLength

    if (link.batches.length >= MAX_PENDING || link.batchBytes + bytes > MAX_PENDING_BYTES) {
      return
    }

    const batch: Batch = { link, bytes, messages: [], missing: 1, refused: false }
    link.batches.push(batch)
    link.batchBytes += bytes

    if (compression === 0) {
      this.parse(batch, body)
    } else {
      this.context.ask({ type: 'inflate', compression, body }, 'inflated', (answer) => {
        if (answer.body === undefined) {
          this.refuse(batch)
        } else {
          batch.bytes += answer.body.byteLength
          link.batchBytes += answer.body.byteLength
          this.parse(batch, answer.body)
        }
      })
    }
  }

  private parse(batch: Batch, body: Uint8Array): void {
    try {
      batch.messages = decodeMessages(body, this.context.config.beta)
    } catch (err) {
      if (err instanceof DecodeError) {
        return this.refuse(batch)
      }

      throw err
    }

    if (!batch.link.tokens.take(batch.messages.length, this.context.now)) {
      batch.messages = []
    }

    this.verify(batch)
    this.arrived(batch)
  }

  /** Ask for what nobody asked yet. What was seen needs no check: it is dropped whatever it is */
  private verify(batch: Batch): void {
    const asked = batch.messages.filter((message) => !this.isKnown(batch, message))

    if (asked.length === 0) {
      return
    }

    const proofs = asked.flatMap((message) => this.proofOf(message))
    const checks = [...asked.map(({ from, signed, signature }) => ({ key: from, data: signed, signature })), ...proofs]
    batch.missing++
    this.context.ask({ type: 'verify', checks }, 'verified', ({ valid }) => {
      asked.forEach((message, i) => this.settle(message, valid[i] === true))

      if (valid.length === checks.length && valid.every(Boolean)) {
        this.arrived(batch)
      } else {
        this.refuse(batch)
      }
    })
  }

  /** Whether it was seen, or the same bytes are being verified already: then the batch shares the outcome */
  private isKnown(batch: Batch, message: SignedMessage): boolean {
    if (isBroadcast(message.opcode) && this.seen.has(message.signature)) {
      return true
    }

    const index = indexOf(message)
    const other = this.verifying.get(index)

    if (other === undefined) {
      this.verifying.set(index, { message, sharing: [] })
      return false
    } else if (!sameBytes(other.message.bytes, message.bytes)) {
      // a forgery, this one or the other: each is verified on its own
      return false
    }

    batch.missing++
    other.sharing.push(batch)
    return true
  }

  private settle(message: SignedMessage, valid: boolean): void {
    const index = indexOf(message)
    const entry = this.verifying.get(index)

    if (entry?.message === message) {
      this.verifying.delete(index)
      entry.sharing.forEach((batch) => (valid ? this.arrived(batch) : this.refuse(batch)))
    }
  }

  /** CHANGE_KEY carries a second signature, by the new key */
  private proofOf({ opcode, payload, sealed, from }: SignedMessage): SignatureCheck[] {
    const decoded = opcode === Opcode.CHANGE_KEY && !sealed ? tryDecode(payload) : undefined
    const change = decoded && readChangeKey(decoded.value, from, this.context.config.beta)
    return change?.proof === undefined
      ? []
      : [{ key: change.next, data: changeKeyText(change.current, change.next), signature: change.proof }]
  }

  private arrived(batch: Batch): void {
    batch.missing--

    while (batch.link.batches[0]?.missing === 0) {
      const next = batch.link.batches.shift()!
      next.link.batchBytes -= next.bytes

      if (!this.handle(next)) {
        return
      }
    }
  }

  private handle({ link, messages }: Batch): boolean {
    const all: TrueMessage[] = []

    for (const message of messages) {
      if (!isBroadcast(message.opcode) || !this.seen.has(message.signature)) {
        const decoded = message.sealed ? { value: undefined } : tryDecode(message.payload)

        if (decoded === undefined) {
          this.init.refuse(link)
          return false
        }

        all.push({ message, value: decoded.value })
      }
    }

    return all.every((each) => this.init.handle(link, each))
  }

  private refuse(batch: Batch): void {
    if (!batch.refused) {
      batch.refused = true
      // nothing more of this peer, whatever is verified yet
      batch.link.batches.length = 0
      this.init.refuse(batch.link)
    }
  }
}

/** Opcodes that go to all, and are remembered */
export function isBroadcast(opcode: number): boolean {
  return opcode >= Opcode.ANNOUNCE && opcode <= Opcode.SPEAK
}

function indexOf({ signature }: SignedMessage): number {
  const high = (signature[0]! << 8) | signature[1]!
  return high * 2 ** 32 + signature[2]! * 2 ** 24 + (signature[3]! << 16) + (signature[4]! << 8) + signature[5]!
}
