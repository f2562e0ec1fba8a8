import type { Range } from '@hearsay/protocol-core/pure'

/** Of kad-dht among hearsay nodes */
export const KAD_PROTOCOL = '/hearsay/kad/1.0.0'

/** Where kad-dht keeps records and what others provide, in its datastore */
export const RECORD_PREFIX = '/dht/record'
export const PROVIDER_PREFIX = '/dht/provider'

/** Where floors, our sequence and our own values are kept */
export const FLOOR_PREFIX = '/hearsay/dht/floor'
export const OWN_PREFIX = '/hearsay/dht/own'
export const SEQUENCE_KEY = '/hearsay/dht/sequence'

/** Puts and gets under way or waiting, each with up to 64 KiB */
export const MAX_PENDING = 1_024

/**
 * For kad-dht. With no peers allowed, a walk does not wait until kad-dht has looked around for the first time: that has no
 * deadline, and one silent peer after the other would lengthen it. Its own 10 and 10 ask all of the twenty nearest at once; with 3 and 3 the nearest are asked first, and a
 * read that has seen enough spares the others. Its timeout would grow to a minute with each peer that is gone
 */
export const KAD_TUNING = {
  allowQueryWithZeroPeers: true,
  alpha: 3,
  disjointPaths: 3,
  networkDialTimeout: { minTimeout: 5_000, maxTimeout: 10_000 }
} as const

export interface DhtConfig {
  /** In s, for a value put without one or with 0 */
  defaultTtl: number
  /** Copies of a value put without a number or with 0 */
  defaultReplication: number
  /** In ms; what was not found by then is not there */
  getTimeout: number
  /** In ms; what could not be placed by then is placed on fewer peers */
  putTimeout: number
  /** In ms; a peer that does not answer by then is passed over */
  peerTimeout: number
  /** In ms after the first value; slower peers are not waited for */
  settleTime: number
  /** In ms after the last peer that answered a put's walk; slower ones are not waited for */
  quietTime: number
  /** In ms; how long a put or a get waits for a first peer while one is being dialled */
  joinTimeout: number
  /** Puts, gets and refreshes at once; each uses one stream a peer, of the 32 that kad-dht takes */
  concurrency: number
  /** Values of our own that are placed again; one more, and the one put first is no longer */
  maxOwn: number
  /** Values held for the network; one more is refused */
  maxRecords: number
  /** Their bytes together */
  maxRecordBytes: number
  /** Floors kept, of values that are held no longer too */
  maxFloors: number
}

/** Each number with its reason in docs/specs/dht.md */
export const dhtDefaults: DhtConfig = {
  defaultTtl: 300,
  defaultReplication: 3,
  getTimeout: 10_000,
  putTimeout: 30_000,
  peerTimeout: 5_000,
  settleTime: 1_000,
  quietTime: 2_000,
  joinTimeout: 3_000,
  concurrency: 16,
  maxOwn: 16_384,
  maxRecords: 16_384,
  maxRecordBytes: 256 * 2 ** 20,
  maxFloors: 65_536
}

export const dhtRanges: Readonly<Record<keyof DhtConfig, Range>> = {
  defaultTtl: [1, 65_535],
  defaultReplication: [1, 20],
  getTimeout: [100, 600_000],
  putTimeout: [100, 600_000],
  peerTimeout: [100, 600_000],
  settleTime: [0, 600_000],
  quietTime: [0, 600_000],
  joinTimeout: [0, 600_000],
  concurrency: [1, 30],
  maxOwn: [1, 1_000_000],
  maxRecords: [1, 1_000_000],
  maxRecordBytes: [2 ** 20, 2 ** 40],
  maxFloors: [16, 10_000_000]
}
