import type { FoundPeersInit, Millis, Range } from '@hearsay/protocol-core/pure'

const SECOND = 1_000

/** @see docs/specs/shout.md#wire */
export const PROTOCOL = '/hearsay/shout/1.0.0'

/** What a message is about. 12 to 14 are reserved */
export const Opcode = {
  ACK: 0,
  NACK: 1,
  PING: 2,
  SET_CONNECTION_OPT: 3,
  ANNOUNCE: 4,
  CHANGE_KEY: 5,
  SHOUT: 6,
  SPEAK: 7,
  WHISPER: 8,
  FIND_NODE: 9,
  FIND_VALUE: 10,
  STORE: 11,
  CUSTOM: 15
} as const

/** What SET_CONNECTION_OPT sets. The last is ours */
export const Option = { COMPRESSION: 0, PREFERRED_COMPRESSION: 1, SUBNET: 2, CONNECTION: 3 } as const

/** 6 and 7 are reserved */
export const Compression = { none: 0, bz2: 1, gzip: 2, lzma: 3, zlib: 4, snappy: 5 } as const

export type CompressionName = keyof typeof Compression

/** In the subnet descriptor: what carries the streams */
export const TRANSPORT = 'libp2p'

/** Of one transmission's body, compressed or not */
export const MAX_TRANSMISSION_BYTES: number = 2 ** 20
/** Of a transmission's body, inflated … */
export const MAX_INFLATED_BYTES: number = 4 * 2 ** 20
/** … and this many times what it was; below the second number that does not matter */
export const MAX_RATIO = 100
export const RATIO_FROM_BYTES: number = 256 * 1_024
/** Of one message, all of it */
export const MAX_MESSAGE_BYTES: number = 256 * 1_024
/** Of a payload before encryption: what a message of the largest key holds with everything sealing adds */
export const MAX_PAYLOAD_BYTES: number = MAX_MESSAGE_BYTES
/** Of a value: lists and maps within each other, and everything in them counted */
export const MAX_DEPTH = 32
export const MAX_ELEMENTS = 65_536

/** Compressing less than this is not worth the time ◆ */
export const COMPRESS_FROM_BYTES = 2_048

/** What was announced is announced again after this time ◆, twice that, … and in the end every ANNOUNCE_INTERVAL */
export const ANNOUNCE_AGAIN: Millis = 10_000
export const ANNOUNCE_INTERVAL: Millis = 600_000
/** In characters; as in the gossip protocol ◆ */
export const MAX_ADDRESS_LENGTH = 512

/** Transmissions of one peer that wait, and their bytes as received; beyond, they are dropped ◆ */
export const MAX_PENDING = 256
export const MAX_PENDING_BYTES: number = 8 * 2 ** 20
/** Transmissions of one peer being inflated. No more while MAX_PENDING_BYTES of inflated ones wait, but the first ◆ */
export const MAX_INFLATING = 8
/** Messages of ours that wait for their signature; beyond, the caller is told `BusyError` ◆ */
export const MAX_SIGNING = 4_096
/** Requests of ours to one peer without an answer ◆ */
export const MAX_REQUESTS = 1_024
/** Answers of ours to one peer that wait for their signature: as many as it may have asked for. Beyond, it is closed ◆ */
export const MAX_REPLIES: number = 4 * MAX_REQUESTS
/** Whispers passed on whose answer is awaited, and for how long */
export const MAX_RELAYED = 16_384
export const RELAY_TIME: Millis = 30_000
/** Nodes a whisper is tried through, at each hop */
export const MAX_HOP_CANDIDATES = 3
/** Lookups, whispers and other calls of ours at a time ◆ */
export const MAX_CALLS = 1_024
/** Stream opened for a lookup, unused for this long: closed ◆ */
export const IDLE_TIME: Millis = 30_000
/** Connected peers known through identify to speak the protocol. They open their own streams first ◆ */
export const FOUND: FoundPeersInit = {
  max: 256,
  wait: 30 * SECOND,
  tries: 6,
  redialFirst: SECOND,
  redialMax: 60 * SECOND,
  stableAfter: 60 * SECOND
}
/** Streams opened for lookups and whispers at a time, beyond ℓ ◆ */
export const MAX_VISITS = 64

/** Of one value in the table */
export const MAX_VALUE_BYTES: number = 64 * 1_024
/** Of all values in the table ◆ */
export const MAX_STORED_BYTES: number = 64 * 2 ** 20
/** Longest life of a value, and of a lock ◆ */
export const MAX_TTL: Millis = 30 * 86_400_000
export const MAX_LOCK: Millis = 3_600_000
/** How far clocks may differ */
export const MAX_SKEW: Millis = 60_000
/** Life of an entry in the table of a subnet's nodes, and when it is renewed */
export const SUBNET_TTL: Millis = 3_600_000
/** Writers an opened key may have ◆ */
export const MAX_WRITERS = 256
/** Pieces of one patch ◆ */
export const MAX_PIECES = 4_096
/** After the first peer, this long until we store where we are; in ms ◆ */
export const LIST_AFTER: Millis = 5_000
/** Entries told of one subnet at a time ◆ */
export const MAX_LISTED = 20

/** Keys that changed and are still routed, and for how long */
export const MAX_SUCCESSORS = 4_096
export const SUCCESSION_TIME: Millis = 86_400_000
/** CHANGE_KEYs taken from all at once, per minute ◆ */
export const CHANGES_PER_MINUTE = 60

/** Node infos that are in no bucket ◆ */
export const MAX_CACHED_NODES = 1_024

/** What a subnet agrees on. Any difference, and nodes part */
export interface Subnet {
  /** Bucket size, and copies of a value; 1 to 64 */
  k: number
  /** Requests of one lookup at a time, 1 to 16 */
  alpha: number
  /** Bits of an address, 8 to 256 in steps of 8 */
  tau: number
  /** Bits of a key: 2,048, 3,072 or 4,096 */
  beta: number
  /** Streams a node opens and keeps, 1 to 1,000 and at most what its buckets can hold */
  limit: number
  /** Free text, up to 1,024 characters */
  description: string
}

/** Each number with its source in docs/specs/shout.md */
export interface ShoutConfig extends Subnet {
  /** Peers that opened their stream to us */
  maxInbound: number
  /** Open streams to nodes that announce themselves */
  autoDial: boolean
  /** Store where we are under the subnet's key */
  listed: boolean
  /** Time for both sides to agree on the subnet and bind their keys */
  handshakeTimeout: Millis
  requestTimeout: Millis
  whisperTimeout: Millis
  /** Signatures remembered */
  seenSize: number
  /** Messages a second taken from one peer, and from one author; twice as many in a burst */
  peerRate: number
  authorRate: number
  /** Values kept for others, and of one owner */
  maxValues: number
  maxValuesPerOwner: number
  /** Life of a value whose owner says nothing */
  valueTtl: Millis
  /** Ask for an ACK of each SPEAK */
  ackSpeak: boolean
}

export const engineDefaults: ShoutConfig = {
  k: 20,
  alpha: 3,
  tau: 256,
  beta: 2_048,
  limit: 8,
  description: '',
  maxInbound: 64,
  autoDial: true,
  listed: true,
  handshakeTimeout: 10_000,
  requestTimeout: 5_000,
  whisperTimeout: 10_000,
  seenSize: 65_536,
  peerRate: 50_000,
  authorRate: 20_000,
  maxValues: 16_384,
  maxValuesPerOwner: 1_024,
  valueTtl: 86_400_000,
  ackSpeak: false
}

/** What the service needs to know beyond the engine */
export interface ServiceConfig {
  dialTimeout: Millis
  maxQueuedBytes: number
  maxOpenAsks: number
  compression: readonly CompressionName[]
  persistSeen: boolean
}

/** All numeric and textual options. @see ShoutInit for units and ranges */
export const shoutDefaults: ShoutConfig & ServiceConfig = {
  ...engineDefaults,
  dialTimeout: 10_000,
  maxQueuedBytes: 4 * 2 ** 20,
  maxOpenAsks: 8,
  compression: ['snappy', 'zlib', 'gzip'],
  persistSeen: true
}

type NumericOption = {
  [K in keyof typeof shoutDefaults]: (typeof shoutDefaults)[K] extends number ? K : never
}[keyof typeof shoutDefaults]

const HOUR = 3_600 * SECOND

/** What numbers are allowed */
export const shoutRanges: Readonly<Record<NumericOption, Range>> = {
  k: [1, 64],
  alpha: [1, 16],
  tau: [8, 256],
  beta: [2_048, 4_096],
  limit: [1, 1_000],
  maxInbound: [1, 10_000],
  handshakeTimeout: [SECOND / 10, HOUR],
  requestTimeout: [SECOND / 10, HOUR],
  whisperTimeout: [SECOND / 10, HOUR],
  seenSize: [64, 2 ** 22],
  peerRate: [1, 10 ** 6],
  authorRate: [1, 10 ** 6],
  maxValues: [0, 10 ** 6],
  maxValuesPerOwner: [1, 10 ** 6],
  valueTtl: [SECOND, MAX_TTL],
  dialTimeout: [SECOND / 10, 300 * SECOND],
  maxQueuedBytes: [2 ** 19, 2 ** 30],
  maxOpenAsks: [2, 1_000]
}

/** Dials at a time */
export const MAX_DIALS = 128
/** How long a graceful close may take before a stream is reset */
export const CLOSE_TIMEOUT: Millis = 500
