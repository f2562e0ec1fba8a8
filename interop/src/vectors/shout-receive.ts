/** A receiver of transmissions, from bytes to values: what a node does with them, without a node. */
import { RsaPublicKey } from '@hearsay/protocol-core'
import { DecodeError, FrameSplitter } from '@hearsay/protocol-core/pure'
import { builtIn, Compression, decompress, unseal } from '@hearsay/protocol-shout'
import {
  decodeMessages,
  decodeTransmission,
  decodeValue,
  MAX_FRAME_BYTES,
  transmissionPrefix
} from '@hearsay/protocol-shout/codec'
import bzip2 from 'seek-bzip'
import xz from 'xz-decompress'
import type { RsaPrivateKey } from '@hearsay/protocol-core'
import type { CompressionMethod } from '@hearsay/protocol-shout'
import type { SignedMessage, Value } from '@hearsay/protocol-shout/codec'

/** For these files only: neither stops before it has made all of a bomb */
const methods: ReadonlyMap<number, CompressionMethod> = new Map([
  ...builtIn,
  [
    Compression.bz2,
    { decompress: (body: Uint8Array) => new Uint8Array(foreign(() => bzip2.decode(Buffer.from(body)))) }
  ],
  [Compression.lzma, { decompress: inflateXz }]
])

export interface Received {
  message: SignedMessage
  /** Absent when it is sealed, and the key that opens it is not at hand */
  value?: Value
}

/** The bodies of the transmissions in these bytes, decompressed */
export async function bodiesOf(bytes: Uint8Array): Promise<Uint8Array[]> {
  const splitter = new FrameSplitter(transmissionPrefix, MAX_FRAME_BYTES)
  const frames: Uint8Array[] = []
  splitter.push(bytes, (frame) => frames.push(frame) > 0)

  if (splitter.heldBytes > 0 || frames.length === 0) {
    throw new DecodeError('it is not complete')
  }

  return Promise.all(
    frames.map(async (frame) => {
      const { compression, body } = decodeTransmission(frame)
      return compression === Compression.none ? body : decompress(methods.get(compression), body)
    })
  )
}

/**
 * @param keys - private keys of receivers
 * @returns the messages of each transmission
 * @throws {DecodeError} as a node refuses them
 */
export async function receive(bytes: Uint8Array, bits: number, keys: readonly RsaPrivateKey[]): Promise<Received[][]> {
  return Promise.all(
    (await bodiesOf(bytes)).map(async (body) =>
      Promise.all(decodeMessages(body, bits).map(async (message) => open(message, keys)))
    )
  )
}

async function open(message: SignedMessage, keys: readonly RsaPrivateKey[]): Promise<Received> {
  const { signature, signed, sealed, payload } = message

  if (!(await RsaPublicKey.fromSpki(message.from).verify(signed, signature, 'PSS'))) {
    throw new DecodeError('the signature is wrong')
  }

  const key = keys.find(({ publicKey }) => Buffer.from(publicKey.spki).equals(message.to))
  const plain = !sealed ? payload : key === undefined ? undefined : await unseal(key, message)
  return plain === undefined ? { message } : { message, value: decodeValue(plain) }
}

async function inflateXz(body: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0

  try {
    const source = new Blob([body as Uint8Array<ArrayBuffer>]).stream()

    for await (const part of new xz.XzReadableStream(source)) {
      length += part.byteLength
      parts.push(part.slice())

      if (length > maxBytes) {
        throw new DecodeError(`more than ${maxBytes} bytes`)
      }
    }
  } catch (err) {
    throw err instanceof DecodeError ? err : new DecodeError('no .xz stream', { cause: err })
  }

  return Buffer.concat(parts)
}

function foreign<T>(decode: () => T): T {
  try {
    return decode()
  } catch (err) {
    throw new DecodeError('no bz2 stream', { cause: err })
  }
}
