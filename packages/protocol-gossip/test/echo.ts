/** What the browser test and the host it dials agree on */

/** Bits of a proof of work, enough to need a worker */
export const DIFFICULTY_BITS = 14
/** What is announced under this data type comes back under the next one */
export const ECHO_TYPE = 100
