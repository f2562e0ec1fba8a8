import { plainSipHash } from './sip-hash.ts'
import { wasmSipHash } from './wasm-sip-hash.ts'
import type { SipHash } from './sip-hash.ts'

/** As fast as the machine can: in plain JavaScript only where WebAssembly is not allowed */
export function fastSipHash(key: Int32Array): SipHash {
  try {
    return wasmSipHash(key)
  } catch {
    return plainSipHash(key)
  }
}
