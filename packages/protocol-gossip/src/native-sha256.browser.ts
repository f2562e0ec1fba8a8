/** A page has SHA-256 with a promise only, and an announce must not wait for one: plain JavaScript */
import { Sha256 } from '@hearsay/protocol-core/pure'

export function sha256(bytes: Uint8Array): Uint8Array {
  return Sha256.digest(bytes)
}
