import { Sha256 } from '@hearsay/protocol-core/pure'
import { encodeValue } from './msgpack.ts'
import type { Value } from './msgpack.ts'

/** Under which key the nodes of a subnet store where they are. @param descriptor - as peers exchange it */
export function subnetKey(descriptor: Value): Uint8Array {
  return Sha256.digest(encodeValue(descriptor))
}
