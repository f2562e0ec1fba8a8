/**
 * Checks of single frames `size:u16 type:u16 body`, where `size` counts the whole frame: the gossip dialects and the
 * module APIs have them alike.
 */
import { DecodeError, fixedPrefix, framed, FrameSplitter } from '@hearsay/protocol-core/pure'
import { each, same } from './case.ts'
import { hex, object, show, text } from './json.ts'
import type { Checker } from './case.ts'
import type { Json, JsonObject } from './json.ts'

/** A codec of ours, and what the vectors say beyond what it decodes. */
export interface Dialect<Message extends { type: string } = { type: string }> {
  decode(payload: Uint8Array): Message
  encode(message: Message): Uint8Array
  /** Reserved bits, set in the first bytes of a frame, by message type */
  reserved: Readonly<Record<number, string>>
  /** A message with the names the vectors use, where they are others */
  named?: (message: Message) => object
}

const PREFIX = fixedPrefix(2, { inclusive: true })
const MAX_PAYLOAD_BYTES = 65_533

/** What became of bytes that arrived as a stream */
export interface Received<Message> {
  messages: Message[]
  /** Bytes of the frames that are messages */
  accepted: number
  /** Why the rest was refused */
  refused?: string
}

/** A section of frames, each with its fields */
export function frames<Message extends { type: string }>(dialect: Dialect<Message>): Checker {
  return each((entry) => {
    checkFrame(dialect, hex(entry, 'hex'), object(entry['fields'], 'fields'))
  })
}

/** A section of bytes that are refused, each with what is `expected` of a receiver */
export function refused<Message extends { type: string }>(dialect: Dialect<Message>): Checker {
  return each((entry) => checkRefused(dialect, hex(entry, 'hex'), text(entry, 'expected')))
}

/**
 * That the bytes are one frame, which decodes to these fields and is what they encode to.
 *
 * @returns the message
 */
export function checkFrame<Message extends { type: string }>(
  dialect: Dialect<Message>,
  bytes: Uint8Array,
  expected: JsonObject
): Message {
  const { messages, accepted, refused: reason } = receive(dialect, bytes)
  const [message] = messages

  if (reason !== undefined || message === undefined) {
    throw new Error(`refused: ${reason ?? 'it is not complete'}`)
  }

  same('the number of bytes of messages', accepted, bytes.byteLength)
  same('the number of messages', messages.length, 1)
  const fields = fieldsOf(dialect, bytes, message)

  for (const [name, value] of Object.entries(expected)) {
    same(name, Object.hasOwn(fields, name) ? fields[name] : 'no field of ours', value)
  }

  same('the frame when encoded', toHex(encoded(dialect, message)), toHex(withoutReserved(dialect, bytes)))
  return message
}

/** That nothing but the first message, if one is `expected`, is taken before the rest is refused */
export function checkRefused<Message extends { type: string }>(
  dialect: Dialect<Message>,
  bytes: Uint8Array,
  expected: string
): void {
  const [, count] = /^first (\d+) bytes are one message, the rest is parsed as the next header/.exec(expected) ?? []

  if (count === undefined && !/^close the (connection|stream)/.test(expected)) {
    throw new Error(`expected must be "close …" or "first N bytes are one message, …", and is ${show(expected)}`)
  }

  const { messages, accepted, refused: reason } = receive(dialect, bytes)
  same('the number of messages before it was refused', messages.length, count === undefined ? 0 : 1)
  same('the number of bytes of messages before it was refused', accepted, Number(count ?? 0))

  if (accepted === bytes.byteLength || (count === undefined && reason === undefined)) {
    throw new Error(accepted === bytes.byteLength ? 'all of it was accepted' : 'it was not refused: more is waited for')
  }
}

/** Framing and decoding together, as a node does it; whatever the chunks, the outcome is the same */
export function receive<Message extends { type: string }>(
  dialect: Dialect<Message>,
  bytes: Uint8Array
): Received<Message> {
  const whole = receiveChunks(dialect, [bytes])
  const fragments = receiveChunks(
    dialect,
    Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))
  )
  same('the outcome when it arrives byte by byte', fragments, whole)
  return whole
}

function receiveChunks<Message extends { type: string }>(
  dialect: Dialect<Message>,
  chunks: readonly Uint8Array[]
): Received<Message> {
  const splitter = new FrameSplitter(PREFIX, MAX_PAYLOAD_BYTES)
  const received: Received<Message> = { messages: [], accepted: 0 }

  try {
    for (const chunk of chunks) {
      splitter.push(chunk, (payload) => {
        received.messages.push(dialect.decode(Uint8Array.from(payload)))
        received.accepted += payload.byteLength + PREFIX.width(payload.byteLength)
        return true
      })
    }
  } catch (err) {
    if (!(err instanceof DecodeError)) {
      throw err
    }

    received.refused = err.message
  }

  return received
}

/** All that can be said of a frame, under the names the vectors use */
export function fieldsOf<Message extends { type: string }>(
  { reserved, named = (unchanged) => unchanged }: Dialect<Message>,
  bytes: Uint8Array,
  message: Message
): Record<string, Json> {
  const type = typeOf(bytes)
  const fields = Object.entries(named(message)).flatMap(([name, value]) => fieldsNamed(name, value))
  const bits = reserved[type] === undefined ? [] : [['reserved', reservedBits(reserved[type], bytes)] as const]
  return { ...Object.fromEntries([...fields, ...bits]), size: bytes.byteLength, type }
}

/** Under its name, and as hexadecimal digits under another where numbers or text cannot hold it */
function fieldsNamed(name: string, value: unknown): [string, Json][] {
  if (value instanceof Uint8Array) {
    return [[`${name}Hex`, toHex(value)]]
  } else if (typeof value === 'bigint') {
    return [
      [name, String(value)],
      [`${name}Hex`, value.toString(16).padStart(16, '0')]
    ]
  }

  return [[name, value as Json]]
}

/** The number that the bits of a mask, which are neighbours, make */
function reservedBits(mask: string, bytes: Uint8Array): number {
  const ones = BigInt(`0x${mask}`)
  const lowest = ones & -ones
  return Number((BigInt(`0x${toHex(bytes.subarray(0, mask.length / 2))}`) & ones) / lowest)
}

/** A whole frame */
export function encoded<Message extends { type: string }>(dialect: Dialect<Message>, message: Message): Uint8Array {
  return framed(PREFIX, dialect.encode(message))
}

/** As we send it */
export function withoutReserved({ reserved }: Pick<Dialect, 'reserved'>, bytes: Uint8Array): Uint8Array {
  const mask = Buffer.from(reserved[typeOf(bytes)] ?? '', 'hex')
  return bytes.map((byte, at) => byte & ~(mask[at] ?? 0))
}

function typeOf(bytes: Uint8Array): number {
  return Buffer.from(bytes).readUInt16BE(2)
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
