import { instantiate } from './pow/instantiate.ts'
import { initialState, plainSipHash } from './sip-hash.ts'
import { sipHashBase64 } from './sip-hash.generated.ts'
import { SipLayout } from './sip-layout.ts'
import type { SipHash } from './sip-hash.ts'

const WORD_BYTES = 8

interface Exports extends WebAssembly.Exports {
  memory: WebAssembly.Memory
  /** @see wasm/sip-hash.ts */
  hash: (end: number) => number
}

/**
 * SipHash-2-4-128 in WebAssembly: several times as fast as in plain JavaScript, which it leaves longer messages to.
 *
 * @throws where WebAssembly is not allowed
 */
export function wasmSipHash(key: Int32Array): SipHash {
  const { memory, hash } = instantiate(sipHashBase64) as Exports
  const bytes = new Uint8Array(memory.buffer)
  const words = new Int32Array(memory.buffer)
  const result = new Uint32Array(memory.buffer, SipLayout.result, 4)
  const plain = plainSipHash(key)
  words.set(initialState(key), SipLayout.state / 4)

  return (header, data) => {
    const start = SipLayout.message + header.byteLength
    const dataEnd = start + data.byteLength
    const end = (dataEnd & -WORD_BYTES) + WORD_BYTES

    if (end > bytes.byteLength) {
      return plain(header, data)
    }

    // the last word ends in the length, with zeros before it
    words[end / 4 - 2] = 0
    words[end / 4 - 1] = 0
    words.set(header, SipLayout.message / 4)
    bytes.set(data, start)
    bytes[end - 1] = dataEnd - SipLayout.message
    hash(end)
    return result
  }
}
