/**
 * What an announce is remembered by: SipHash-2-4 with 128 bits of output, under a key that no stranger knows, over its
 * id, data type and data. A bare id would let any relay silence a message by racing rubbish under its id.
 *
 * @see docs/specs/gossip.md#spreading
 */
import { fastSipHash } from '#sip-hash'
import type { Random } from '@hearsay/protocol-core/pure'
import type { SipHash } from './sip-hash.ts'

export class AnnounceDigest {
  private readonly hash: SipHash
  /** Id and data type, as two 64-bit words */
  private readonly header = new Int32Array(4)

  constructor(hash: SipHash) {
    this.hash = hash
  }

  static create(random: Random): AnnounceDigest {
    return new AnnounceDigest(fastSipHash(Int32Array.from({ length: 4 }, () => random.below(2 ** 32))))
  }

  /** @returns four 32-bit words, valid until the next call: one that is kept is copied by who keeps it */
  of(id: bigint, dataType: number, data: Uint8Array): Uint32Array {
    this.header[0] = Number(id & 0xffffffffn)
    this.header[1] = Number(id >> 32n)
    this.header[2] = dataType
    return this.hash(this.header, data)
  }
}
