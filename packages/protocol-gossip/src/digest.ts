/**
 * What an announce is remembered by: SipHash-2-4 with 128 bits of output, under a key that no stranger knows, over its
 * id, data type and data. A bare id would let any relay silence a message by racing rubbish under its id.
 *
 * @see docs/specs/gossip.md#spreading
 */
import type { Random } from '@hearsay/protocol-core/pure'

const WORD_BYTES = 8

// SipHash's four 64-bit words, as high and low halves: 64-bit integers are slow in JavaScript
let v0h = 0
let v0l = 0
let v1h = 0
let v1l = 0
let v2h = 0
let v2l = 0
let v3h = 0
let v3l = 0

export class AnnounceDigest {
  /** 128 bits, least significant word first */
  private readonly key: Int32Array
  /** The last result, overwritten by the next: one that is kept is copied by who keeps it */
  private readonly result = new Uint32Array(4)

  constructor(key: Int32Array) {
    this.key = key
  }

  static create(random: Random): AnnounceDigest {
    return new AnnounceDigest(Int32Array.from({ length: 4 }, () => random.below(2 ** 32)))
  }

  /** @returns four 32-bit words, valid until the next call */
  of(id: bigint, dataType: number, data: Uint8Array): Uint32Array {
    this.begin()
    absorb(Number(id >> 32n), Number(id & 0xffffffffn))
    absorb(0, dataType)
    return this.finish(data, 2 * WORD_BYTES + data.byteLength)
  }

  /** Plain SipHash-2-4-128 of bytes, as its authors' vectors have it */
  ofBytes(data: Uint8Array): Uint32Array {
    this.begin()
    return this.finish(data, data.byteLength)
  }

  private begin(): void {
    const [k0l, k0h, k1l, k1h] = this.key as unknown as [number, number, number, number]
    v0h = k0h ^ 0x736f6d65
    v0l = k0l ^ 0x70736575
    v1h = k1h ^ 0x646f7261
    v1l = k1l ^ 0x6e646f6d ^ 0xee
    v2h = k0h ^ 0x6c796765
    v2l = k0l ^ 0x6e657261
    v3h = k1h ^ 0x74656462
    v3l = k1l ^ 0x79746573
  }

  /** The rest of the message, and the end of it, which carries the whole length */
  private finish(data: Uint8Array, totalBytes: number): Uint32Array {
    const whole = data.byteLength & ~(WORD_BYTES - 1)

    for (let i = 0; i < whole; i += WORD_BYTES) {
      absorb(wordAt(data, i + 4), wordAt(data, i))
    }

    absorb(wordAt(data, whole + 4) | (totalBytes << 24), wordAt(data, whole))
    v2l ^= 0xee
    this.squeeze(0)
    v1l ^= 0xdd
    this.squeeze(2)
    return this.result
  }

  private squeeze(at: number): void {
    for (let i = 0; i < 4; i++) {
      round()
    }

    this.result[at] = v0l ^ v1l ^ v2l ^ v3l
    this.result[at + 1] = v0h ^ v1h ^ v2h ^ v3h
  }
}

/** 32 bits, little-endian; zeros past the end */
function wordAt(data: Uint8Array, at: number): number {
  return data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)
}

function absorb(high: number, low: number): void {
  v3h ^= high
  v3l ^= low
  round()
  round()
  v0h ^= high
  v0l ^= low
}

/** One SipRound: additions carry from low to high, rotations are by 13, 32, 16, 21, 17 and 32 bits */
function round(): void {
  let low = (v0l >>> 0) + (v1l >>> 0)
  v0h = (v0h + v1h + (low > 0xffffffff ? 1 : 0)) | 0
  v0l = low | 0
  let high = (v1h << 13) | (v1l >>> 19)
  v1l = ((v1l << 13) | (v1h >>> 19)) ^ v0l
  v1h = high ^ v0h
  high = v0h
  v0h = v0l
  v0l = high
  low = (v2l >>> 0) + (v3l >>> 0)
  v2h = (v2h + v3h + (low > 0xffffffff ? 1 : 0)) | 0
  v2l = low | 0
  high = (v3h << 16) | (v3l >>> 16)
  v3l = ((v3l << 16) | (v3h >>> 16)) ^ v2l
  v3h = high ^ v2h
  low = (v0l >>> 0) + (v3l >>> 0)
  v0h = (v0h + v3h + (low > 0xffffffff ? 1 : 0)) | 0
  v0l = low | 0
  high = (v3h << 21) | (v3l >>> 11)
  v3l = ((v3l << 21) | (v3h >>> 11)) ^ v0l
  v3h = high ^ v0h
  low = (v2l >>> 0) + (v1l >>> 0)
  v2h = (v2h + v1h + (low > 0xffffffff ? 1 : 0)) | 0
  v2l = low | 0
  high = (v1h << 17) | (v1l >>> 15)
  v1l = ((v1l << 17) | (v1h >>> 15)) ^ v2l
  v1h = high ^ v2h
  high = v2h
  v2h = v2l
  v2l = high
}
