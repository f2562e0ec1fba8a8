import type { FoundPeersInit, Millis, Range } from '@hearsay/protocol-core/pure'
import type { GossipConfig } from './contract.ts'

/** G1 as its authors finished it. @see docs/specs/gossip.md#wire */
export const PROTOCOL = '/hearsay/gossip/1.0.0'
/** G1 as its midterm text has it */
export const MIDTERM_PROTOCOL = '/hearsay/gossip-midterm/1.0.0'
/** G2 */
export const P2P_PROTOCOL = '/hearsay/gossip-p2p/1.0.0'

/** Zero bits of the hash of an OFFER of the midterm dialect */
export const MIDTERM_OFFER_BITS = 16

/** `size` is a u16 that counts itself: 65,535 less its own 2 bytes */
export const MAX_FRAME_BYTES = 65_533

/** A frame less the 14 bytes of type, id, ttl, reserved and data type: what every dialect can carry */
export const MAX_DATA_BYTES = 65_519

/** Addresses in one OFFER, one per peer. @see docs/specs/gossip.md#membership */
export const MAX_OFFERED = 64

/** Peers whose offers of one search are kept, the newest */
export const MAX_OFFERERS = 128

/** In characters; the longest multiaddrs in use, of relayed WebTransport, are under 400 */
export const MAX_ADDRESS_LENGTH = 512

/** An OFFER answers a DISCOVERY of at most this age, in ms */
export const OFFER_MAX_AGE = 300_000

/** Offers that come within this time of a search are drawn from together, in ms */
export const OFFER_WAIT = 1_000

/** Redialling a known peer: this after the first failure, doubling to the maximum; in ms */
export const REDIAL_FIRST = 1_000
export const REDIAL_MAX = 60_000

/** A contact that stayed verified this long is redialled without the delay of earlier failures, in ms */
export const STABLE_AFTER = 60_000

/** Connected peers known through identify to speak the protocol. The tries in a row take about two minutes */
export const FOUND: FoundPeersInit = {
  max: 128,
  wait: 1_000,
  tries: 6,
  redialFirst: REDIAL_FIRST,
  redialMax: REDIAL_MAX,
  stableAfter: STABLE_AFTER
}

/** Announces are remembered at least this long, in ms … */
export const SEEN_MIN_AGE = 120_000

/** … unless there are this many times `cacheSize` of them */
export const SEEN_OVERFLOW = 16

/** Peers refused at one time; the one refused longest is let in again for a newcomer */
export const MAX_BANNED = 4_096

/** Announces that wait for a verdict, and the bytes of their data; the oldest are given up */
export const MAX_PENDING = 1_024
export const MAX_PENDING_BYTES = 16 * 2 ** 20

/** Announces of our own that wait for a first verified peer; the oldest are given up */
export const MAX_OUTBOX = 64

/**
 * How many times as much as others a peer we dialled may bring. Who floods chooses whom to dial, but not who dials him;
 * so what relays bring comes through while he is held back.
 */
export const DIALLED_RATE_FACTOR = 10

/** Draws of an id for an announce of our own whose content was announced lately, under so many ids that they collide */
export const MAX_ID_DRAWS = 4

/** Subscriptions of all parties together */
export const MAX_SUBSCRIPTIONS = 65_536

/** Each number with its source in docs/specs/gossip.md */
export const engineDefaults: GossipConfig = {
  dialects: ['gossip', 'gossip-p2p'],
  difficultyBits: 24,
  challengeTimeout: 120_000,
  banTime: 300_000,
  maxUnverified: 128,
  degree: 4,
  minConnections: 6,
  maxConnections: 30,
  searchCooldown: 60_000,
  knownPeers: [],
  bootstrapper: undefined,
  fromConnections: true,
  cacheSize: 65_536,
  announceRate: 50_000,
  announceBurst: 1_000_000,
  verdictTimeout: 10_000,
  relayUnknown: false
}

/** What the service needs to know beyond the engine */
export interface ServiceConfig {
  maxSolveBits: number
  solverConcurrency: number
  dialTimeout: Millis
  maxQueuedBytes: number
  maxOpenVerdicts: number
}

/** All options. @see GossipInit for units and ranges */
export const gossipDefaults: GossipConfig & ServiceConfig = {
  ...engineDefaults,
  maxSolveBits: 32,
  solverConcurrency: 1,
  dialTimeout: 10_000,
  maxQueuedBytes: 2 ** 20,
  maxOpenVerdicts: 256
}

type NumericOption = {
  [K in keyof typeof gossipDefaults]: (typeof gossipDefaults)[K] extends number ? K : never
}[keyof typeof gossipDefaults]

const SECOND = 1_000
const HOUR = 3_600 * SECOND
const DAY = 24 * HOUR

/** What numbers are allowed. Further, degree ≤ minConnections ≤ maxConnections */
export const gossipRanges: Readonly<Record<NumericOption, Range>> = {
  difficultyBits: [0, 64],
  maxSolveBits: [0, 64],
  solverConcurrency: [1, 64],
  challengeTimeout: [SECOND, HOUR],
  banTime: [0, DAY],
  maxUnverified: [1, 10_000],
  degree: [1, 1_000],
  minConnections: [1, 1_000],
  maxConnections: [2, 1_000],
  searchCooldown: [SECOND, DAY],
  cacheSize: [1, 1_000_000],
  announceRate: [1, 1_000_000],
  announceBurst: [1, 1_000_000],
  verdictTimeout: [1, 600 * SECOND],
  dialTimeout: [100, 300 * SECOND],
  maxQueuedBytes: [65_536, 2 ** 30],
  maxOpenVerdicts: [2, 100_000]
}

/** How long a graceful close may take before a stream is reset, in ms */
export const CLOSE_TIMEOUT = 500

/** Dials at once; membership needs at most one per pull place */
export const MAX_DIALS = 500
