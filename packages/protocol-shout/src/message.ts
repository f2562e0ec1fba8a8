/**
 * Signed messages: `signature · length u32 · opcode and reserved bits · flags · from · to · payload`.
 *
 * @see docs/specs/shout.md#wire
 */
import { DecodeError } from '@hearsay/protocol-core/pure'
import { MAX_MESSAGE_BYTES } from './constants.ts'

/** A message as it stands on the wire. All byte arrays are views of `bytes`. */
export interface SignedMessage {
  /** All of it, as relays forward it */
  readonly bytes: Uint8Array
  /** 0 to 15 */
  readonly opcode: number
  /** Whether the payload is encrypted to `to` */
  readonly sealed: boolean
  readonly signature: Uint8Array
  /** What the signature covers: everything behind it */
  readonly signed: Uint8Array
  /** What a sealed payload is bound to: opcode byte, flag byte, both keys */
  readonly associated: Uint8Array
  /** DER SubjectPublicKeyInfo of the sender */
  readonly from: Uint8Array
  readonly to: Uint8Array
  /** MessagePack, or what encryption made of it */
  readonly payload: Uint8Array
}

/** Everything before the 256 and more bytes of the modulus, by key size: SEQUENCE, rsaEncryption, BIT STRING, INTEGER */
const PREFIXES: ReadonlyMap<number, Uint8Array> = new Map([2_048, 3_072, 4_096].map((bits) => [bits, prefixOf(bits)]))
/** INTEGER 65,537 */
const SUFFIX = Uint8Array.of(2, 3, 1, 0, 1)

/** Bytes of a public key as DER. @param bits - 2,048, 3,072 or 4,096, as everywhere here */
export function keyBytes(bits: number): number {
  return 38 + bits / 8
}

/** Bytes before the payload */
export function headerBytes(bits: number): number {
  return 82 + (3 * bits) / 8
}

/** Whether these are the DER of an RSA key of this size with exponent 65,537, in the one encoding there is */
export function isKey(der: Uint8Array, bits: number): boolean {
  const prefix = PREFIXES.get(bits)!
  const end = der.byteLength - SUFFIX.byteLength
  return (
    der.byteLength === keyBytes(bits) &&
    startsWith(der, 0, prefix) &&
    startsWith(der, end, SUFFIX) &&
    der[prefix.byteLength]! >= 0x80 &&
    der[end - 1]! % 2 === 1
  )
}

/** A message without its signature, whose place is zero */
export function unsignedMessage(
  bits: number,
  { opcode, sealed, from, to, payload }: Pick<SignedMessage, 'opcode' | 'sealed' | 'from' | 'to' | 'payload'>
): Uint8Array {
  const start = bits / 8
  const bytes = new Uint8Array(headerBytes(bits) + payload.byteLength)
  new DataView(bytes.buffer).setUint32(start, payload.byteLength)
  bytes[start + 4] = opcode << 4
  bytes[start + 5] = sealed ? 1 : 0
  bytes.set(from, start + 6)
  bytes.set(to, start + 6 + from.byteLength)
  bytes.set(payload, headerBytes(bits))
  return bytes
}

/**
 * The message that starts at `at` of the body of a transmission.
 *
 * @throws {DecodeError} unless it is complete, with two keys of this size
 */
export function messageAt(body: Uint8Array, at: number, bits: number): SignedMessage {
  const [start, width, header] = [at + bits / 8, keyBytes(bits), headerBytes(bits)]

  if (body.byteLength - at < header) {
    throw new DecodeError(`${body.byteLength - at} bytes are no header of a message`)
  }

  const length = ((body[start]! << 24) | (body[start + 1]! << 16) | (body[start + 2]! << 8) | body[start + 3]!) >>> 0
  const end = at + header + length

  if (header + length > MAX_MESSAGE_BYTES || end > body.byteLength) {
    throw new DecodeError(`a payload of ${length} bytes, of which ${body.byteLength - at - header} are there`)
  }

  const from = body.subarray(start + 6, start + 6 + width)
  const to = body.subarray(start + 6 + width, at + header)

  if (!isKey(from, bits) || !isKey(to, bits)) {
    throw new DecodeError(`no RSA keys of ${bits} bits`)
  }

  return {
    bytes: body.subarray(at, end),
    opcode: body[start + 4]! >> 4,
    sealed: body[start + 5]! % 2 === 1,
    signature: body.subarray(at, start),
    signed: body.subarray(start, end),
    associated: body.subarray(start + 4, at + header),
    from,
    to,
    payload: body.subarray(at + header, end)
  }
}

/** The messages of a transmission. @throws {DecodeError} unless there is at least one and nothing else */
export function decodeMessages(body: Uint8Array, bits: number): SignedMessage[] {
  const messages: SignedMessage[] = []

  for (let at = 0; at < body.byteLength || messages.length === 0;) {
    const message = messageAt(body, at, bits)
    messages.push(message)
    at += message.bytes.byteLength
  }

  return messages
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && startsWith(a, 0, b)
}

function startsWith(bytes: Uint8Array, at: number, start: Uint8Array): boolean {
  for (let i = 0; i < start.byteLength; i++) {
    if (bytes[at + i] !== start[i]) {
      return false
    }
  }

  return true
}

function prefixOf(bits: number): Uint8Array {
  const modulus = bits / 8 + 1
  const [outer, string, sequence] = [modulus + 33, modulus + 14, modulus + 9]
  const long = (tag: number, length: number): number[] => [tag, 0x82, length >> 8, length & 0xff]
  const algorithm = [0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0]
  return Uint8Array.of(
    ...long(0x30, outer),
    ...algorithm,
    ...long(3, string),
    0,
    ...long(0x30, sequence),
    ...long(2, modulus),
    0
  )
}
