import type { Range } from '@hearsay/protocol-core/pure'
import type { Cup2pyConfig } from './contract.ts'

/** @see docs/specs/cup2py.md#requests */
export const PROTOCOL = '/hearsay/cup2py/1.0.0'

/** @see docs/specs/cup2py.md#bootstrap */
export const BOOK_PROTOCOL = '/hearsay/cup2py-book/1.0.0'

/** Of a request, without its length prefix */
export const MAX_FRAME_BYTES = 65_536

/** Hops a request may ask for */
export const MAX_DEPTH = 16

/** Entries of a request's list: with a key of 4,096 bits, what a frame has room for */
export const MAX_CHECKED = 900

/** In characters */
export const MAX_ADDRESS_LENGTH = 1_024

/** Of an address that is dialled; the longest multiaddrs in use are under 400 */
export const MAX_DIALLED_LENGTH = 512

/** The library's own clocks are local: up to 14 h ahead of UTC, in ms */
export const LIBRARY_CLOCK_SKEW = 14 * 3_600_000

/** How long an equal record is still passed on, to those who have not had it with as much depth; in ms */
export const RECENT_TIME = 60_000

/** Records passed on of late */
export const MAX_RECENT = 1_024

/** Requests that wait for the check of their signature; one more is dropped */
export const MAX_VERIFYING = 1_024

/** Records held back by `authorInterval`; the oldest is given up */
export const MAX_HELD_BACK = 1_024

/** How long a relay remembers who asked, in ms */
export const SEARCH_TIME = 10_000

/** Searches remembered; the oldest is forgotten */
export const MAX_SEARCHES = 4_096

/** Searches of our own at once */
export const MAX_OWN_SEARCHES = 256

/** Peers whose rate is remembered; the one heard of first is forgotten */
export const MAX_RATED = 4_096

/** Peers refused at one time; the one refused longest is let in again for a newcomer */
export const MAX_BANNED = 4_096

/** Peers that libp2p is connected to and that speak the protocol */
export const MAX_FOUND = 1_024

/** Peers being dialled or waiting for it, and requests that wait for one */
export const MAX_DIALS = 64
export const MAX_WAITING = 8

/** A request that waited longer than this for its dial is dropped, in ms */
export const WAIT_TIME = 10_000

/** Dials at once after a rest, on top of the rate */
export const DIAL_BURST = 16

/** After a failed dial an address is left alone, in ms */
export const DIAL_BACKOFF = 3_600_000

/** Addresses that failed; the one that failed first is forgotten */
export const MAX_FAILED = 4_096

/** Recipients that were never reached, beside as many as were */
export const MIN_UNREACHED = 16

/** Records in the answer of a book, and the time for it, in ms */
export const MAX_SAMPLE = 64
export const SAMPLE_TIME = 10_000

/** Samples on their way at one time */
export const MAX_SAMPLING = 16

/** A peer is given a sample once in this time, in ms; peers remembered for it */
export const SAMPLE_INTERVAL = 10_000
export const MAX_SAMPLED = 4_096

/** How long a graceful close may take before a stream is reset, in ms */
export const CLOSE_TIMEOUT = 500

/** Floors a book keeps of users that are gone; the oldest leave first */
export const MAX_FLOORS = 200_000

/** Users whose keys are kept parsed */
export const MAX_KEYS = 1_024

/** Each number with its source in docs/specs/cup2py.md */
export const engineDefaults: Cup2pyConfig = {
  maxUsers: 100_000,
  maxPeers: 128,
  fanout: 64,
  checkedList: 'recipients',
  maxClockSkew: 60_000,
  authorInterval: 5_000,
  requestRate: 200,
  verifyRate: 100,
  dialRate: 1,
  banTime: 300_000,
  idleTime: 120_000
}

export const cup2pyRanges = {
  maxUsers: [1, 10_000_000],
  maxPeers: [1, 10_000],
  fanout: [1, 900],
  maxClockSkew: [0, 86_400_000],
  authorInterval: [0, 3_600_000],
  requestRate: [1, 1_000_000],
  verifyRate: [1, 1_000_000],
  dialRate: [1, 1_000],
  banTime: [0, 86_400_000],
  idleTime: [1_000, 86_400_000],
  depth: [0, MAX_DEPTH],
  searchDepth: [1, MAX_DEPTH],
  quietTime: [10, 60_000],
  republishDelay: [0, 3_600_000],
  minModulusBits: [1_024, 16_384],
  maxModulusBits: [1_024, 16_384],
  dialTimeout: [100, 300_000],
  dhtTimeout: [10, 300_000],
  maxQueuedBytes: [131_072, 2 ** 30],
  maxOpenAsks: [2, 100_000]
} as const satisfies Record<string, Range>
