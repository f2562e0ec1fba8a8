/** Messages of one tick to one peer: one transmission, compressed if the peer can undo that and if it helps. */
import { compress } from './compression.ts'
import { COMPRESS_FROM_BYTES, MAX_TRANSMISSION_BYTES } from './constants.ts'
import { encodeTransmission, joinMessages, packMessages } from './transmission.ts'
import type { Logger } from '@libp2p/interface'
import type { PeerKey } from '@hearsay/protocol-core/pure'
import type { CompressionMethod } from './compression.ts'

export class Packer {
  private readonly methods: ReadonlyMap<number, CompressionMethod>
  private readonly log: Logger
  /** What may be sent to each peer compressed. BOUNDED by the peers there may be */
  private readonly agreed = new Map<PeerKey, number>()

  constructor(methods: ReadonlyMap<number, CompressionMethod>, log: Logger) {
    this.methods = methods
    this.log = log
  }

  /** What is sent to this peer from now on is compressed by this method; 0: by none */
  agree(peer: PeerKey, code: number): void {
    if (code === 0) {
      this.agreed.delete(peer)
    } else {
      this.agreed.set(peer, code)
    }
  }

  forgetAll(): void {
    this.agreed.clear()
  }

  pack(peer: PeerKey, messages: readonly Uint8Array[]): Uint8Array | Promise<Uint8Array> {
    const code = this.agreed.get(peer) ?? 0
    const method = this.methods.get(code)
    const bytes = messages.reduce((sum, { byteLength }) => sum + byteLength, 0)
    const isWorthIt = messages.some(({ byteLength }) => byteLength >= COMPRESS_FROM_BYTES)
    return method?.compress !== undefined && isWorthIt && bytes <= MAX_TRANSMISSION_BYTES
      ? this.compressed(code, method, messages)
      : packMessages(messages)
  }

  private async compressed(
    code: number,
    method: CompressionMethod,
    messages: readonly Uint8Array[]
  ): Promise<Uint8Array> {
    try {
      const body = await compress(method, joinMessages(messages))
      return body === undefined ? packMessages(messages) : encodeTransmission({ compression: code, body })
    } catch (err) {
      this.log.error('compression %d failed - %e', code, err)
      return packMessages(messages)
    }
  }
}
