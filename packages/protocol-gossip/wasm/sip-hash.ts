/**
 * SipHash-2-4 with 128 bits of output, over whole words of 64 bits: WebAssembly has such words, JavaScript has not. The
 * caller pads (src/wasm-sip-hash.ts).
 */
import { SipLayout } from '../src/sip-layout.ts'
import { encode, giveBack, i32, i64, loopWhile, set } from './encoder.ts'
import type { Code } from './encoder.ts'

/** The first is the parameter: where the message ends, in bytes */
const Local = { end: 0, pointer: 1, v0: 2, v1: 3, v2: 4, v3: 5, word: 6 } as const
const { v0, v1, v2, v3, word, pointer, end } = Local

const round: Code = [
  ...set(v0, i64.add(v0, v1)),
  ...set(v1, i64.xor(i64.rotate(v1, 13), v0)),
  ...set(v0, i64.rotate(v0, 32)),
  ...set(v2, i64.add(v2, v3)),
  ...set(v3, i64.xor(i64.rotate(v3, 16), v2)),
  ...set(v0, i64.add(v0, v3)),
  ...set(v3, i64.xor(i64.rotate(v3, 21), v0)),
  ...set(v2, i64.add(v2, v1)),
  ...set(v1, i64.xor(i64.rotate(v1, 17), v2)),
  ...set(v2, i64.rotate(v2, 32))
]

const rounds = (count: number): Code => Array.from({ length: count }, () => round).flat()
const state = [v0, v1, v2, v3]
const squeeze = (at: number): Code => i64.store(i32.constant(at), i64.xor(i64.xor(v0, v1), i64.xor(v2, v3)))

/** The module. `hash(end)` reads the message up to `end`, at least one word, and returns where the result is. */
export function sipHashModule(): Uint8Array {
  const absorb = [
    ...set(word, i64.load(pointer, 0)),
    ...set(v3, i64.xor(v3, word)),
    ...rounds(2),
    ...set(v0, i64.xor(v0, word)),
    ...set(pointer, i32.add(pointer, i32.constant(8)))
  ]
  const body = [
    ...state.flatMap((local, i) => set(local, i64.load(i32.constant(0), SipLayout.state + 8 * i))),
    ...set(pointer, i32.constant(SipLayout.message)),
    ...loopWhile(i32.less(pointer, end), absorb),
    ...set(v2, i64.xor(v2, i64.constant(0xee))),
    ...rounds(4),
    ...squeeze(SipLayout.result),
    ...set(v1, i64.xor(v1, i64.constant(0xdd))),
    ...rounds(4),
    ...squeeze(SipLayout.result + 8),
    ...giveBack(i32.constant(SipLayout.result))
  ]
  const { memoryPages } = SipLayout
  return encode({
    name: 'hash',
    parameters: 1,
    i32Locals: 1,
    i64Locals: 5,
    v128Locals: 0,
    memoryPages,
    body
  })
}
