/**
 * As much of WebAssembly's binary format as we need: a module of one function and one memory, both exported.
 * Code is a list of bytes, and an expression is put together from the inside out.
 *
 * @see https://webassembly.github.io/spec/core/binary/
 */

export type Code = readonly number[]
/** An expression, or the number of the local that holds its value */
export type Operand = Code | number

export interface Program {
  /** The name of the function */
  name: string
  /** All i32, and the first locals; then come the other i32, the i64, and the v128 ones */
  parameters: number
  i32Locals: number
  i64Locals: number
  v128Locals: number
  /** Of 64 KiB */
  memoryPages: number
  /** Leaves one i32 */
  body: Code
}

const ValueType = { i32: 0x7f, i64: 0x7e, v128: 0x7b } as const
const ExportKind = { function: 0, memory: 2 } as const

function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

function signed(value: number): number[] {
  return value >= -64 && value < 64 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)]
}

const sized = (bytes: Code): Code => [...unsigned(bytes.length), ...bytes]
const list = (...items: Code[]): Code => [...unsigned(items.length), ...items.flat()]
const get = (x: Operand): Code => (typeof x === 'number' ? [0x20, ...unsigned(x)] : x)
const plain = (opcode: number, ...operands: Operand[]): Code => [...operands.flatMap(get), opcode]
const simd = (opcode: number, ...operands: Operand[]): Code => [...operands.flatMap(get), 0xfd, ...unsigned(opcode)]
/** One instruction between each two of the operands, from left to right */
const simdChain = (opcode: number, operands: Operand[]): Code => get(operands.reduce((x, y) => simd(opcode, x, y)))

export const i32 = {
  constant: (value: number): Code => [0x41, ...signed(value)],
  add: (x: Operand, y: Operand): Code => plain(0x6a, x, y),
  /** As unsigned numbers */
  less: (x: Operand, y: Operand): Code => plain(0x49, x, y),
  isZero: (x: Operand): Code => plain(0x45, x)
}

export const i64 = {
  /** Up to 32 bits of them */
  constant: (value: number): Code => [0x42, ...signed(value)],
  load: (pointer: Operand, offset: number): Code => [...plain(0x29, pointer), 3, ...unsigned(offset)],
  store: (pointer: Operand, value: Operand): Code => [...plain(0x37, pointer, value), 3, 0],
  add: (x: Operand, y: Operand): Code => plain(0x7c, x, y),
  xor: (x: Operand, y: Operand): Code => plain(0x85, x, y),
  /** To the left */
  rotate: (x: Operand, bits: number): Code => plain(0x89, x, i64.constant(bits))
}

/** Four lanes of 32 bits */
export const lanes = {
  load: (address: number): Code => [...i32.constant(0), ...simd(0x00), 4, ...unsigned(address)],
  /** One word of memory in all four lanes */
  splat: (pointer: Operand, offset: number): Code => [...simd(0x09, pointer), 2, ...unsigned(offset)],
  and: (...operands: Operand[]): Code => simdChain(0x4e, operands),
  xor: (...operands: Operand[]): Code => simdChain(0x51, operands),
  add: (...operands: Operand[]): Code => simdChain(0xae, operands),
  shiftLeft: (x: Operand, bits: number): Code => simd(0xab, x, i32.constant(bits)),
  shiftRight: (x: Operand, bits: number): Code => simd(0xad, x, i32.constant(bits)),
  /** An i32: whether no lane is zero */
  allNonZero: (x: Operand): Code => simd(0xa3, x)
}

export const set = (local: number, value: Operand): Code => [...get(value), 0x21, ...unsigned(local)]
export const giveBack = (value: Operand): Code => [...get(value), 0x0f]
export const when = (condition: Code, body: Code): Code => [...condition, 0x04, 0x40, ...body, 0x0b]
/** At least once */
export const loopWhile = (condition: Code, body: Code): Code => [0x03, 0x40, ...body, ...condition, 0x0d, 0, 0x0b]

export function encode(program: Program): Uint8Array {
  const { i32Locals, i64Locals, v128Locals, memoryPages } = program
  const type = [0x60, ...list(...Array.from({ length: program.parameters }, () => [ValueType.i32])), 1, ValueType.i32]
  const locals = list(
    [...unsigned(i32Locals), ValueType.i32],
    [...unsigned(i64Locals), ValueType.i64],
    [...unsigned(v128Locals), ValueType.v128]
  )
  const exported = (name: string, kind: number): Code => [...sized([...new TextEncoder().encode(name)]), kind, 0]
  const sections: [id: number, content: Code][] = [
    [1, list(type)],
    [3, list([0])], // the function is of type 0
    [5, list([0, ...unsigned(memoryPages)])], // of no maximum size
    [7, list(exported(program.name, ExportKind.function), exported('memory', ExportKind.memory))],
    [10, list(sized([...locals, ...program.body, 0x0b]))]
  ]
  const header = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
  return Uint8Array.from([...header, ...sections.flatMap(([id, content]) => [id, ...sized(content)])])
}
