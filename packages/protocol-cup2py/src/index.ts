/**
 * @packageDocumentation
 *
 * Signed user records without a server: who is where, told by UPDATE and found by SEARCH, as specified in
 * docs/specs/cup2py.md.
 *
 * @example
 *
 * ```ts
 * const key = await generateUser()
 * const node = await createLibp2p({ services: { identify: identify(), cup2py: cup2py({ key }) } })
 *
 * await node.services.cup2py.bootstrap('/ip4/192.0.2.1/tcp/6001/p2p/12D3KooW…')
 * const { record, cost } = await node.services.cup2py.search(hash)
 * ```
 */
import { InvalidParametersError, withDefaults } from '@hearsay/protocol-core/pure'
import { RsaPrivateKey } from '@hearsay/protocol-core'
import { cup2pyRanges } from './constants.ts'
import { cup2pyDefaults, withCompat } from './options.ts'
import { Cup2pyService } from './service.ts'
import type {
  AbortOptions,
  ComponentLogger,
  Connection,
  ContentRouting,
  Libp2pEvents,
  Metrics,
  PeerId,
  TypedEventTarget
} from '@libp2p/interface'
import type { AddressManager, ConnectionManager, Registrar } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { AddressBook } from './address-book.ts'
import type { CloseReason, SearchCost } from './contract.ts'
import type { RecordRouting } from './dht.ts'
import type { UserRecord } from './record.ts'
import type { Stats } from './stats.ts'

export { cup2pyRanges, BOOK_PROTOCOL, PROTOCOL } from './constants.ts'
export { dhtKey, dhtRules, dhtValue } from './dht.ts'
export { AddressBookError, InvalidRecordError, UserNotFoundError } from './errors.ts'
export { generateUser } from './generate.ts'
export { MemoryBook } from './memory-book.ts'
export { cup2pyDefaults } from './options.ts'
export { userHash } from './record.ts'
export { keyText, RecordVerifier, signRecord } from './verifier.ts'
export type { AddressBook, Awaitable, BookEntry } from './address-book.ts'
export type { CloseReason, KnownUser, SearchCost, Verdict } from './contract.ts'
export type { RecordRouting, RecordRules } from './dht.ts'
export type { GenerateUserOptions } from './generate.ts'
export type { UserRecord } from './record.ts'
export type { Stats } from './stats.ts'

export interface Cup2pyInit {
  /** Who we are. @see generateUser */
  key: RsaPrivateKey
  /** Where records are kept; opened on start and closed on stop. @default a `MemoryBook` */
  addressBook?: AddressBook | undefined
  /** A DHT to look records up in before a SEARCH, and to publish ours to; `true` for the node's own. @default false */
  dht?: RecordRouting | boolean | undefined
  /** `library` reads requests as loosely as the Python library does. @default 'none' */
  compat?: 'none' | 'library' | undefined
  /** Multiaddrs of peers to ask for samples of their books, at a start with an empty one. @default [] */
  knownPeers?: readonly string[] | undefined
  /** Hops of our UPDATEs, 0–16. @default 3 */
  depth?: number | undefined
  /** Hops of our SEARCHes, 1–16. @default 7 */
  searchDepth?: number | undefined
  /** A search ends after this time without a newer record, 10 ms to 1 min in ms. @default 2_000 */
  quietTime?: number | undefined
  /** Publish our record at the start, and when our addresses change. @default true */
  republish?: boolean | undefined
  /** Wait this long for further changes first, in ms, up to 1 h. @default 2_000 */
  republishDelay?: number | undefined
  /** Shortest RSA key of a user, 1,024–16,384 bits; the Python library's have 1,024. @default 2_048 */
  minModulusBits?: number | undefined
  /** Longest RSA key of a user, 1,024–16,384 bits. @default 4_096 */
  maxModulusBits?: number | undefined
  /** Users of the book; beyond, those never reached and then those reached longest ago leave. 1–10,000,000. @default 100_000 */
  maxUsers?: number | undefined
  /** Peers with a session; beyond, the longest silent is closed. 1–10,000. @default 128 */
  maxPeers?: number | undefined
  /** Peers a request is sent to, 1–900. @default 64 */
  fanout?: number | undefined
  /** What we add to a request's list: its recipients and ourselves, or as the Python library ourselves. @default 'recipients' */
  checkedList?: 'recipients' | 'path' | undefined
  /** How far in the future a date may be, in ms, up to 1 day. @default 60_000 */
  maxClockSkew?: number | undefined
  /** A user's record is taken once in this time, in ms, up to 1 h. @default 5_000 */
  authorInterval?: number | undefined
  /** Requests a second of one peer, 1–1,000,000. @default 200 */
  requestRate?: number | undefined
  /** Signature checks a second for one peer, 1–1,000,000. @default 100 */
  verifyRate?: number | undefined
  /** Dials a second to addresses of the book, 1–1,000, after 16 at once. @default 1 */
  dialRate?: number | undefined
  /** How long a peer that broke the rules is refused, in ms, up to 1 day. @default 300_000 */
  banTime?: number | undefined
  /** A session without a request for this long is closed, 1 s to 1 day in ms. @default 120_000 */
  idleTime?: number | undefined
  /** Time to connect and open a stream, 100 ms to 5 min in ms. @default 10_000 */
  dialTimeout?: number | undefined
  /** Time for a look-up in the DHT, 10 ms to 5 min in ms. @default 2_000 */
  dhtTimeout?: number | undefined
  /** Bytes queued for a peer that reads slowly, 128 KiB to 1 GiB; then requests to it are dropped. @default 1_048_576 */
  maxQueuedBytes?: number | undefined
  /** Requests of one peer being checked before it is read no further, 2–100,000. @default 256 */
  maxOpenAsks?: number | undefined
}

export interface Cup2pyComponents {
  peerId: PeerId
  registrar: Registrar
  connectionManager: ConnectionManager
  addressManager: AddressManager
  contentRouting: ContentRouting
  events: TypedEventTarget<Libp2pEvents>
  logger: ComponentLogger
  metrics?: Metrics
}

export interface Cup2pyEvents {
  /** A record that is new, or newer than the one held */
  record: CustomEvent<UserRecord>
  /** What came of one of our searches so far: each newer than the one before */
  'search:answer': CustomEvent<UserRecord>
  /** We closed a peer; its peer id as text */
  'peer:closed': CustomEvent<{ peer: string; reason: CloseReason }>
}

export interface PublishOptions extends AbortOptions {
  /** Hops, 0–16: 0 reaches the users of our own book only. @default `depth` of the service */
  depth?: number | undefined
}

export interface PublishResult {
  /** Our record, signed anew */
  record: UserRecord
  /** Users of our book it was sent to, or waits to be sent to once they are dialled */
  users: number
}

export interface SearchOptions extends AbortOptions {
  /** Hops, 1–16. @default `searchDepth` of the service */
  depth?: number | undefined
  /** Ends the search, 10 ms to 1 min in ms. @default `quietTime` of the service */
  quietTime?: number | undefined
}

export interface SearchResult {
  /** The newest verified record that was found, or was held; undefined when there is none */
  record: UserRecord | undefined
  /** What it cost us; zeros when the DHT knew */
  cost: SearchCost
}

export interface Cup2py extends TypedEventTarget<Cup2pyEvents> {
  /** Our own user hash */
  readonly hash: string
  /** Users in the address book */
  readonly users: number
  /** What was counted since the start */
  readonly stats: Stats

  /**
   * Signs our record anew and sends it to the users of our book, who keep it and pass it on.
   *
   * @throws {NotStartedError} like the others: before start and after stop
   * @throws {InvalidParametersError} on a depth out of range
   */
  publish(options?: PublishOptions): Promise<PublishResult>

  /**
   * Looks for the newest record of a user: in the DHT, if there is one, and then by asking from book to book. Ends when
   * the signal does, or `quietTime` after the last newer record.
   *
   * @throws {InvalidParametersError} on a wrong hash or option, and on more than 256 searches at once
   */
  search(hash: string, options?: SearchOptions): Promise<SearchResult>

  /**
   * A connection to a user: where its record says, or when nobody answers there, where a search says.
   *
   * @throws {UserNotFoundError} when neither leads to it
   */
  resolve(hash: string, options?: SearchOptions): Promise<Connection>

  /** The record held of a user */
  get(hash: string): Promise<UserRecord | undefined>

  /**
   * Takes a record that came outside the network, as an object or as `export` gives it. Its user counts as reached.
   *
   * @returns whether it was news
   * @throws {InvalidRecordError} when it is not signed, dated in the future, or older than one held before
   * @throws {AddressBookError} when it could not be kept
   */
  add(record: UserRecord | string): Promise<boolean>

  /** `add` for many. @returns how many were news */
  import(records: Iterable<UserRecord | string> | AsyncIterable<UserRecord | string>): Promise<number>

  /** All records of the book, each as the text of an UPDATE */
  export(): AsyncIterable<string>

  /** A pinned user is never forgotten. One that the book does not hold cannot be pinned: nothing happens */
  pin(hash: string, pinned?: boolean): Promise<void>

  /** Forgets a user. A record older than the one that was held is not taken again. */
  remove(hash: string): Promise<void>

  /**
   * Asks a peer for a sample of its book: up to 64 records, each verified.
   *
   * @returns how many were news
   */
  bootstrap(address: string | Multiaddr, options?: AbortOptions): Promise<number>
}

/**
 * The service factory for `createLibp2p({ services: { cup2py: cup2py({ key }) } })`; needs the identify service. One
 * host may have several, each with a key and a book of its own: they share one stream a peer, under the network options
 * of the one started first.
 *
 * @throws {InvalidParametersError} on an unknown option or one out of range
 */
export function cup2py({
  key,
  addressBook,
  dht = false,
  ...init
}: Cup2pyInit): (components: Cup2pyComponents) => Cup2py {
  if (!(key instanceof RsaPrivateKey)) {
    throw new InvalidParametersError('key', 'must be an RsaPrivateKey: see generateUser and loadUser')
  }

  const config = withDefaults(cup2pyDefaults, init, cup2pyRanges)
  checkChoice('compat', config.compat, ['none', 'library'])
  checkChoice('checkedList', config.checkedList, ['recipients', 'path'])

  if (config.minModulusBits > config.maxModulusBits) {
    throw new InvalidParametersError('minModulusBits', `must be at most maxModulusBits, ${config.maxModulusBits}`)
  } else if (key.publicKey.bits < config.minModulusBits || key.publicKey.bits > config.maxModulusBits) {
    const { bits } = key.publicKey
    throw new InvalidParametersError(
      'key',
      `has ${bits} bits: choose another, or set minModulusBits and maxModulusBits`
    )
  }

  return (components) => new Cup2pyService(components, withCompat({ ...config, key, addressBook, dht }))
}

function checkChoice(name: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) {
    throw new InvalidParametersError(name, `must be one of ${choices.join(', ')}, and is ${value}`)
  }
}
