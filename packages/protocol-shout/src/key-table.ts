import { BoundedMap } from '@hearsay/protocol-core/pure'
import { sameBytes } from './message.ts'
import type { Random } from '@hearsay/protocol-core/pure'

/** Before the modulus, whatever the key's size */
const PREFIX_BYTES = 33
const SHORTEST_MODULUS_BYTES = 256

/** Something for each public key, found without making a string of it. The one added first leaves. */
export class KeyTable<T> {
  private readonly entries: BoundedMap<number, { key: Uint8Array; value: T }>
  /** Which bytes of the modulus are looked at: secret, as keys can be made to have some bytes in common */
  private readonly offset: number

  /** @param size - keys remembered */
  constructor(size: number, random: Random) {
    this.entries = new BoundedMap(size)
    this.offset = PREFIX_BYTES + random.below(SHORTEST_MODULUS_BYTES - 8)
  }

  get(key: Uint8Array, make: (key: Uint8Array) => T): T {
    const index = this.indexOf(key)
    const known = this.entries.get(index)

    if (known !== undefined && sameBytes(known.key, key)) {
      return known.value
    }

    const copy = new Uint8Array(key)
    const value = make(copy)
    this.entries.set(index, { key: copy, value })
    return value
  }

  private indexOf(key: Uint8Array): number {
    const at = this.offset
    const high = (key[at]! << 8) | key[at + 1]!
    return high * 2 ** 32 + key[at + 2]! * 2 ** 24 + (key[at + 3]! << 16) + (key[at + 4]! << 8) + key[at + 5]!
  }
}
