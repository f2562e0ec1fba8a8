/**
 * Where the scanner's memory holds what, in slots. A slot is 16 bytes: one 32-bit word in each of the four lanes, mostly
 * the same one.
 */
export const Layout = {
  /** 8: the state after round 3, computed with words 3 and 4 as zero */
  state: 0,
  /** 8: the state SHA-256 starts from */
  initial: 8,
  /** 2: words 3 and 4 of the first four messages */
  counters: 16,
  /** 2: what is added to them for the next four */
  steps: 18,
  /** 1: the bits of the hash's first word that must be zero */
  mask: 20,
  /** 64: what each round adds, and in rounds 5–17 the word of the message too */
  rounds: 21,
  /** 16: what words 18–33 of the schedule have from words that are the same in all messages */
  fixed: 85,
  /** The blocks after the first, 16 a block: what each round adds, word after word and once each */
  blocks: 101
} as const

/** Of 64 KiB: room for the 1,024 blocks that the longest packet, 65,535 bytes, has after the first */
export const MEMORY_PAGES = 5
