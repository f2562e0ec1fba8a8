/**
 * The scanner: SHA-256 of messages that differ in the nonce, four at a time, one in each lane. Every round of the first
 * block is written out. Word 3 or word 4 counts the nonces; what depends on neither is the caller's work, and in memory
 * (src/pow/layout.ts). Of the hash, the first word alone is looked at.
 */
import { Layout, MEMORY_PAGES } from '../src/pow/layout.ts'
import { encode, giveBack, i32, lanes, loopWhile, set, when } from './encoder.ts'
import type { Code, Operand } from './encoder.ts'

const { load, splat, and, xor, add, shiftLeft, shiftRight, allNonZero } = lanes

/** The i32 locals; the first two are parameters */
const Local = { groups: 0, end: 1, group: 2, pointer: 3, blockEnd: 4 } as const
const v128From = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => 5 + first + i)
const state = v128From(0, 8)
const words = v128From(8, 16)
const chain = v128From(24, 8)
const counters = v128From(32, 2)
/** `a ^ b` of this round, and of the one before: that is `b ^ c` now */
const pairs = v128From(34, 2)
const V128_LOCALS = 36

const slot = (index: number): Code => load(16 * index)
const rotate = (x: number, bits: number): Code => xor(shiftRight(x, bits), shiftLeft(x, 32 - bits))
const each = (locals: number[], value: (local: number, i: number) => Operand): Code =>
  locals.flatMap((local, i) => set(local, value(local, i)))

/** The local of word `t` of the schedule: where word `t - 16` was */
const word = (t: number): number => words[t % 16]!
/** Whether word `t` is not the same in all messages */
const varies = (t: number): boolean => t === 3 || t === 4 || t >= 18

/** What is a to h moves on by a local each round, rather than the values */
const letter = (index: number, t: number): number => state[(index + 64 - t) % 8]!

/** Round `t`, which adds `input`. Ch is g ^ (e & (f ^ g)), and Maj is b ^ ((a ^ b) & (b ^ c)). */
function round(t: number, input: Operand): Code {
  const [a, b, d, e] = [letter(0, t), letter(1, t), letter(3, t), letter(4, t)]
  const [f, g, h] = [letter(5, t), letter(6, t), letter(7, t)]
  const [pair, formerPair] = [pairs[t % 2]!, pairs[(t + 1) % 2]!]

  return [
    ...set(h, add(h, input, xor(g, and(e, xor(f, g))), xor(rotate(e, 6), rotate(e, 11), rotate(e, 25)))),
    ...set(d, add(d, h)),
    ...set(pair, xor(a, b)),
    ...set(h, add(h, xor(rotate(a, 2), rotate(a, 13), rotate(a, 22)), xor(b, and(pair, formerPair))))
  ]
}

/** Before round `t` */
const firstPair = (t: number): Code => set(pairs[(t + 1) % 2]!, xor(letter(1, t), letter(2, t)))

/** Word `t` of the schedule: the sum of what varies, and of the rest, which is in memory */
function schedule(t: number): Code {
  const [late, early] = [word(t - 2), word(t - 15)]
  const terms: Operand[] = [
    ...(t <= 33 ? [slot(Layout.fixed + t - 18)] : []),
    ...(varies(t - 16) ? [word(t - 16)] : []),
    ...(varies(t - 15) ? [xor(rotate(early, 7), rotate(early, 18), shiftRight(early, 3))] : []),
    ...(varies(t - 7) ? [word(t - 7)] : []),
    ...(varies(t - 2) ? [xor(rotate(late, 17), rotate(late, 19), shiftRight(late, 10))] : [])
  ]
  return set(word(t), add(...terms))
}

/** From round 4 on: word 3, which round 3 added to a and e, is all that is missing there */
function firstBlock(): Code {
  const code: Code[] = [each([word(3), word(4)], (_, i) => counters[i]!)]

  for (let i = 0; i < 8; i++) {
    const before = slot(Layout.state + i)
    code.push(set(letter(i, 4), i % 4 === 0 ? add(before, word(3)) : before))
  }

  code.push(firstPair(4))

  for (let t = 4; t < 64; t++) {
    const constant = slot(Layout.rounds + t)
    code.push(t >= 18 ? schedule(t) : [], round(t, varies(t) ? add(constant, word(t)) : constant))
  }

  return code.flat()
}

/** No nonce is in them, so their schedules lie in memory, from the pointer on */
function otherBlocks(): Code {
  const eightRounds = [
    ...Array.from({ length: 8 }, (_, t) => round(t, splat(Local.pointer, 4 * t))).flat(),
    ...set(Local.pointer, i32.add(Local.pointer, i32.constant(8 * 4)))
  ]
  const block = [
    ...each(state, (_, i) => chain[i]!),
    ...firstPair(0),
    ...set(Local.blockEnd, i32.add(Local.pointer, i32.constant(64 * 4))),
    ...loopWhile(i32.less(Local.pointer, Local.blockEnd), eightRounds),
    ...each(chain, (sum, i) => add(sum, state[i]!))
  ]
  return [
    ...each(chain, (_, i) => add(slot(Layout.initial + i), state[i]!)),
    ...set(Local.pointer, i32.constant(16 * Layout.blocks)),
    ...loopWhile(i32.less(Local.pointer, Local.end), block)
  ]
}

/**
 * The module. `scan(groups, end)` tries `groups` times four nonces, at least once, and returns the index of the first
 * group with a hash whose first word will do, or `groups`. `end` is where the blocks end in memory, in bytes.
 */
export function scannerModule(): Uint8Array {
  const group = [
    ...firstBlock(),
    ...set(chain[0]!, add(slot(Layout.initial), state[0]!)),
    ...when(i32.less(i32.constant(16 * Layout.blocks), Local.end), otherBlocks()),
    ...when(i32.isZero(allNonZero(and(chain[0]!, slot(Layout.mask)))), giveBack(Local.group)),
    ...each(counters, (counter, i) => add(counter, slot(Layout.steps + i))),
    ...set(Local.group, i32.add(Local.group, i32.constant(1)))
  ]
  const body = [
    ...each(counters, (_, i) => slot(Layout.counters + i)),
    ...loopWhile(i32.less(Local.group, Local.groups), group),
    ...giveBack(Local.group)
  ]
  return encode({
    name: 'scan',
    parameters: 2,
    i32Locals: 3,
    i64Locals: 0,
    v128Locals: V128_LOCALS,
    memoryPages: MEMORY_PAGES,
    body
  })
}
