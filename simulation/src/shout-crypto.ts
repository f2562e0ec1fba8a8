/** Stand-ins for keys and signatures, so that engines can be run by the hundred: as long as real ones, and worthless. */
import { createHash } from 'node:crypto'
import { headerBytes, unsignedMessage } from '@hearsay/protocol-shout/codec'
import type { Answer, Ask } from '@hearsay/protocol-shout/engine'

export const BITS = 2_048
const SIGNATURE_BYTES = BITS / 8

let signed = 0

/** What looks like the DER of a public key, one for each name */
export function fakeKey(name: string): Uint8Array {
  const prefix = Buffer.from('30820122300d06092a864886f70d01010105000382010f003082010a0282010100', 'hex')
  const modulus = stretch(`key of ${name}`, SIGNATURE_BYTES)
  modulus[0]! |= 0x80
  modulus[SIGNATURE_BYTES - 1]! |= 1
  return Uint8Array.from(Buffer.concat([prefix, modulus, Uint8Array.of(2, 3, 1, 0, 1)]))
}

/** What the service would answer, at once. Nothing is encrypted: what is sealed only says so */
export function fakeAnswer(ask: Ask): Answer {
  const { ticket } = ask

  switch (ask.type) {
    case 'sign': {
      const { opcode, from, to, payload, seal } = ask
      const bytes = unsignedMessage(BITS, { opcode, from, to, payload, sealed: seal })
      bytes.set(fakeSignature(bytes.subarray(SIGNATURE_BYTES)))
      return { type: 'signed', ticket, bytes }
    }
    case 'verify':
      return { type: 'verified', ticket, valid: ask.checks.map(({ data, signature }) => isFakeOf(data, signature)) }
    case 'inflate':
      return { type: 'inflated', ticket, body: undefined }
    case 'open':
      return { type: 'opened', ticket, payload: ask.message.payload }
    case 'relay':
      return { type: 'relay', ticket, allowed: true }
  }
}

/** Bytes of the header before the payload */
export const HEADER_BYTES: number = headerBytes(BITS)

/** Different each time, as PSS is: a number, and what follows from it and the data */
function fakeSignature(data: Uint8Array): Uint8Array {
  const number = Buffer.alloc(8)
  number.writeBigUInt64BE(BigInt(signed++))
  return signatureOf(data, number)
}

function isFakeOf(data: Uint8Array, signature: Uint8Array): boolean {
  return Buffer.from(signatureOf(data, signature.subarray(SIGNATURE_BYTES - 8))).equals(signature)
}

function signatureOf(data: Uint8Array, number: Uint8Array): Uint8Array {
  const hash = createHash('sha256').update(data).update(number).digest()
  const signature = new Uint8Array(SIGNATURE_BYTES)

  for (let at = 0; at < SIGNATURE_BYTES - 8; at += hash.byteLength) {
    signature.set(hash.subarray(0, Math.min(hash.byteLength, SIGNATURE_BYTES - 8 - at)), at)
  }

  signature.set(number, SIGNATURE_BYTES - 8)
  return signature
}

function stretch(text: string, length: number): Buffer {
  const parts = Array.from({ length: Math.ceil(length / 32) }, (_, i) =>
    createHash('sha256').update(`${text} ${i}`).digest()
  )
  return Buffer.concat(parts).subarray(0, length)
}
