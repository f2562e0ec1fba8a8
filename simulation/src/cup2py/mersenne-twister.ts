const WORDS = 624
const MIDDLE = 397
const UPPER = 0x8000_0000
const LOWER = 0x7fff_ffff

/**
 * The generator of the published script, seeded and drawn from as its language does: so its very runs can be repeated.
 * MT19937, after Matsumoto and Nishimura.
 */
export class MersenneTwister {
  private readonly state = new Uint32Array(WORDS)
  private at = WORDS

  /** @param seed - an integer below 2^32 */
  constructor(seed: number) {
    this.start(19_650_218)
    this.mixIn(seed)
  }

  /** Uniform in [0, 1), with 53 bits */
  fraction(): number {
    const high = this.word() >>> 5
    return (high * 2 ** 26 + (this.word() >>> 6)) / 2 ** 53
  }

  /** An integer in [0, bound), by drawing as many bits as the bound has until they are below it */
  below(bound: number): number {
    const unused = Math.clz32(bound)
    let drawn = bound

    while (drawn >= bound) {
      drawn = this.word() >>> unused
    }

    return drawn
  }

  private start(seed: number): void {
    const { state } = this
    state[0] = seed

    for (let i = 1; i < WORDS; i++) {
      state[i] = Math.imul(1_812_433_253, previous(state, i)) + i
    }
  }

  private mixIn(key: number): void {
    const { state } = this
    let i = 1

    const step = (): void => {
      i = i + 1 < WORDS ? i + 1 : 1
      state[0] = i === 1 ? state[WORDS - 1]! : state[0]!
    }

    for (let count = 0; count < WORDS; count++, step()) {
      state[i] = (state[i]! ^ Math.imul(previous(state, i), 1_664_525)) + key
    }

    for (let count = 1; count < WORDS; count++, step()) {
      state[i] = (state[i]! ^ Math.imul(previous(state, i), 1_566_083_941)) - i
    }

    state[0] = UPPER
  }

  private word(): number {
    if (this.at === WORDS) {
      this.refill()
    }

    let word = this.state[this.at++]!
    word ^= word >>> 11
    word ^= (word << 7) & 0x9d2c_5680
    word ^= (word << 15) & 0xefc6_0000
    return (word ^ (word >>> 18)) >>> 0
  }

  private refill(): void {
    const { state } = this

    for (let i = 0; i < WORDS; i++) {
      const pair = (state[i]! & UPPER) | (state[(i + 1) % WORDS]! & LOWER)
      state[i] = state[(i + MIDDLE) % WORDS]! ^ (pair >>> 1) ^ (pair & 1 ? 0x9908_b0df : 0)
    }

    this.at = 0
  }
}

function previous(state: Uint32Array, i: number): number {
  return state[i - 1]! ^ (state[i - 1]! >>> 30)
}
