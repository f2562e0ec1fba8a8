/**
 * From transmissions to messages that are true: decompressed, verified, in the order each peer sent them. A
 * transmission with anything wrong in it is dropped whole, and its peer closed.
 *
 * @see docs/specs/shout.md#order
 */
import { DecodeError } from '@hearsay/protocol-core/pure'
import { MAX_INFLATING, MAX_PENDING, MAX_PENDING_BYTES, Opcode } from './constants.ts'
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
  /** Bytes as received, and what they became if they were compressed */
  bytes: number
  inflatedBytes: number
  /** Until it is inflated */
  packed: Transmission | undefined
  messages: SignedMessage[]
  /** Answers still to come */
  missing: number
  /** Payloads of whispers for us; none yet while signatures are checked. BOUNDED by the messages */
  opened: Map<SignedMessage, Uint8Array> | undefined
  refused: boolean
}

/** A message that is true. No value: it is sealed for somebody else, or was not to be opened. */
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

    const packed = compression === 0 ? undefined : { compression, body }
    const batch = { link, bytes, inflatedBytes: 0, packed, messages: [], missing: 1, opened: undefined, refused: false }
    link.batches.push(batch)
    link.batchBytes += bytes

    if (packed === undefined) {
      this.parse(batch, body)
    } else {
      this.inflate(link)
    }
  }

  /** A few at a time, and only the first while much waits: how much they become is known only then */
  private inflate(link: Link): void {
    for (const batch of link.batches) {
      const { packed } = batch

      if (link.inflating >= MAX_INFLATING || (link.inflatedBytes > MAX_PENDING_BYTES && batch !== link.batches[0])) {
        return
      } else if (packed !== undefined) {
        batch.packed = undefined
        link.inflating++
        const then = ({ body }: { body: Uint8Array | undefined }): void => this.onInflated(batch, body)
        this.context.ask({ type: 'inflate', ...packed }, 'inflated', then, link.peer)
      }
    }
  }

  private onInflated(batch: Batch, body: Uint8Array | undefined): void {
    const { link } = batch
    link.inflating--

    if (body === undefined) {
      return this.refuse(batch)
    }

    batch.inflatedBytes = body.byteLength
    link.inflatedBytes += body.byteLength
    this.parse(batch, body)
    this.inflate(link)
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
    const then = ({ valid }: { valid: readonly boolean[] }): void => {
      asked.forEach((message, i) => this.settle(message, valid[i] === true))

      if (valid.length === checks.length && valid.every(Boolean)) {
        this.arrived(batch)
      } else {
        this.refuse(batch)
      }
    }
    this.context.ask({ type: 'verify', checks }, 'verified', then, batch.link.peer)
  }

  /** Whispers for us, now that they are true: within the order of what their peer sent, as opening takes longer */
  private open(batch: Batch): void {
    const opened = new Map<SignedMessage, Uint8Array>()
    batch.opened = opened

    for (const message of batch.messages) {
      const { opcode, sealed, signature, to } = message

      if (opcode === Opcode.WHISPER && sealed && this.context.isOurs(to) && !this.seen.has(signature)) {
        batch.missing++
        const then = ({ payload }: { payload: Uint8Array | undefined }): void => {
          if (payload !== undefined) {
            opened.set(message, payload)
          }

          this.arrived(batch)
        }
        this.context.ask({ type: 'open', message }, 'opened', then, batch.link.peer)
      }
    }
  }

  /** Whether it is to be dropped. Not so that a peer goes by another key, though somebody else told it before */
  private isSeen(link: Link, { opcode, signature, from }: SignedMessage): boolean {
    const isOwnChange = opcode === Opcode.CHANGE_KEY && link.key !== undefined && sameBytes(from, link.key)
    return isBroadcast(opcode) && !isOwnChange && this.seen.has(signature)
  }

  /** Whether it was seen, or the same bytes are being verified already: then the batch shares the outcome */
  private isKnown(batch: Batch, message: SignedMessage): boolean {
    if (this.isSeen(batch.link, message)) {
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
    const { link } = batch
    batch.missing--

    if (batch.missing === 0 && batch.opened === undefined) {
      this.open(batch)
    }

    while (link.batches[0]?.missing === 0) {
      const next = link.batches.shift()!
      link.batchBytes -= next.bytes
      link.inflatedBytes -= next.inflatedBytes

      if (!this.handle(next)) {
        // it is closed: nothing more of it counts
        link.batches.length = 0
      }
    }

    this.inflate(link)
  }

  private handle({ link, messages, opened }: Batch): boolean {
    const all: TrueMessage[] = []

    for (const message of messages) {
      if (!this.isSeen(link, message)) {
        const payload = message.sealed ? opened?.get(message) : message.payload
        const value = payload && tryDecode(payload)?.value

        if (value === undefined && !message.sealed) {
          this.init.refuse(link)
          return false
        }

        all.push({ message, value })
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
