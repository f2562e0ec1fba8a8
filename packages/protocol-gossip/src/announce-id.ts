/**
 * The two ids of an announce. One dialect has room for 16 bits, the others for 64: an id of 64 bits that ends in the 16
 * and begins with a hash over them and the content can be made anew wherever an announce leaves the narrow dialect, and
 * is the same at every bridge.
 *
 * @see docs/specs/gossip.md#between-dialects
 */

/** SHA-256: 32 bytes of any bytes */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

/** What all dialects can carry of an id */
export const NARROW_IDS = 2 ** 16

/** First 48 bits of SHA-256(id u16 ‖ data type u16 ‖ data), then the 16 of the id */
export function wideId(narrow: number, dataType: number, data: Uint8Array, sha256: Sha256): bigint {
  const bytes = new Uint8Array(4 + data.byteLength)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, narrow)
  view.setUint16(2, dataType)
  bytes.set(data, 4)
  const sum = sha256(bytes)
  const first = new DataView(sum.buffer, sum.byteOffset, 8).getBigUint64(0)
  return (first & ~0xffffn) | BigInt(narrow)
}

export function narrowId(id: bigint): number {
  return Number(id & 0xffffn)
}
