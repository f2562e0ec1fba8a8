/**
 * SipHash-2-4 with 128 bits of output, in plain JavaScript.
 *
 * @see "SipHash: a fast short-input PRF" by Aumasson and Bernstein
 */

/**
 * @param header - the beginning of the message: pairs of 32-bit words, the less significant first
 * @param data - the rest of it
 * @returns four 32-bit words, valid until the next call
 */
export type SipHash = (header: Int32Array, data: Uint8Array) => Uint32Array

const WORD_BYTES = 8

// the four 64-bit words of the state, as high and low halves: 64-bit integers are slow in JavaScript
let v0h = 0
let v0l = 0
let v1h = 0
let v1l = 0
let v2h = 0
let v2l = 0
let v3h = 0
let v3l = 0

/** The state before the first word: eight 32-bit words, the less significant of each pair first */
export function initialState(key: Int32Array): Int32Array {
  const [k0l, k0h, k1l, k1h] = key as unknown as [number, number, number, number]
  return Int32Array.of(
    k0l ^ 0x70736575,
    k0h ^ 0x736f6d65,
    k1l ^ 0x6e646f6d ^ 0xee,
    k1h ^ 0x646f7261,
    k0l ^ 0x6e657261,
    k0h ^ 0x6c796765,
    k1l ^ 0x79746573,
    k1h ^ 0x74656462
  )
}

/** @param key - 128 bits, the least significant word first */
export function plainSipHash(key: Int32Array): SipHash {
  const initial = initialState(key)
  const result = new Uint32Array(4)

  return (header, data) => {
    begin(initial)

    for (let i = 0; i < header.length; i += 2) {
      absorb(header[i + 1]!, header[i]!)
    }

    absorbData(data, header.byteLength + data.byteLength)
    v2l ^= 0xee
    squeeze(result, 0)
    v1l ^= 0xdd
    squeeze(result, 2)
    return result
  }
}

function begin(initial: Int32Array): void {
  ;[v0l, v0h, v1l, v1h] = [initial[0]!, initial[1]!, initial[2]!, initial[3]!]
  ;[v2l, v2h, v3l, v3h] = [initial[4]!, initial[5]!, initial[6]!, initial[7]!]
}

/** The rest of the message, and the end of it, which carries the whole length */
function absorbData(data: Uint8Array, totalBytes: number): void {
  const whole = data.byteLength & -WORD_BYTES

  for (let i = 0; i < whole; i += WORD_BYTES) {
    absorb(wordAt(data, i + 4), wordAt(data, i))
  }

  absorb(wordAt(data, whole + 4) | (totalBytes << 24), wordAt(data, whole))
}

function squeeze(result: Uint32Array, at: number): void {
  for (let i = 0; i < 4; i++) {
    round()
  }

  result[at] = v0l ^ v1l ^ v2l ^ v3l
  result[at + 1] = v0h ^ v1h ^ v2h ^ v3h
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
