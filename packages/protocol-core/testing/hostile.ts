import type { Random } from '@hearsay/protocol-core/pure'

/** A damaged copy: cut short, bits flipped, bytes overwritten, removed, doubled or added, or a piece of another frame. */
export function mutate(frame: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  const damages: (() => Uint8Array)[] = [
    () => frame.slice(0, random.below(frame.byteLength + 1)),
    () => overwrite(frame, random, (byte) => byte ^ (1 << random.below(8))),
    () => overwrite(frame, random, () => [0, 1, 127, 128, 255][random.below(5)]!),
    () => overwrite(frame, random, () => random.below(256)),
    () => splice(frame, random, new Uint8Array(0)),
    () => splice(frame, random, frame),
    () => splice(frame, random, rubbish(random, 64)),
    () => splice(frame, random, others[random.below(others.length)]!),
    () => rubbish(random, 2 * frame.byteLength + 8)
  ]

  return damages[random.below(damages.length)]!()
}

/** `count` damaged frames, one to three damages each, made from valid ones */
export function* hostileFrames(valid: readonly Uint8Array[], count: number, random: Random): Generator<Uint8Array> {
  for (let i = 0; i < count; i++) {
    let frame = valid[random.below(valid.length)]!

    for (let damages = 1 + random.below(3); damages > 0; damages--) {
      frame = mutate(frame, valid, random)
    }

    yield frame
  }
}

function overwrite(frame: Uint8Array, random: Random, change: (byte: number) => number): Uint8Array {
  const copy = frame.slice()

  for (let times = 1 + random.below(4); times > 0 && copy.byteLength > 0; times--) {
    const at = random.below(copy.byteLength)
    copy[at] = change(copy[at]!)
  }

  return copy
}

/** A random piece replaced by a random piece of `insert` */
function splice(frame: Uint8Array, random: Random, insert: Uint8Array): Uint8Array {
  const from = random.below(frame.byteLength + 1)
  const to = from + random.below(Math.min(frame.byteLength - from, 16) + 1)
  const start = random.below(insert.byteLength + 1)
  const piece = insert.subarray(start, start + random.below(insert.byteLength - start + 1))
  return Uint8Array.of(...frame.subarray(0, from), ...piece, ...frame.subarray(to))
}

function rubbish(random: Random, maxBytes: number): Uint8Array {
  return Uint8Array.from({ length: random.below(maxBytes + 1) }, () => random.below(256))
}
