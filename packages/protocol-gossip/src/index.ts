/**
 * @packageDocumentation
 *
 * Epidemic gossip behind a proof-of-work gate, as specified in docs/specs/gossip.md.
 *
 * @example
 *
 * ```ts
 * const node = await createLibp2p({ services: { identify: identify(), gossip: gossip() } })
 *
 * node.services.gossip.subscribe(42, (data) => data.byteLength > 0)
 * node.services.gossip.addEventListener('message', ({ detail }) => console.info(detail.from, detail.data))
 * node.services.gossip.announce(42, new TextEncoder().encode('psst'))
 * ```
 */
import { InvalidParametersError, withDefaults } from '@hearsay/protocol-core/pure'
import { multiaddr } from '@multiformats/multiaddr'
import { gossipDefaults, gossipRanges } from './constants.ts'
import { DIALECT_NAMES } from './dialects.ts'
import { GossipService } from './service.ts'
import type {
  AbortOptions,
  ComponentLogger,
  Libp2pEvents,
  Metrics,
  PeerId,
  PeerStore,
  TypedEventTarget
} from '@libp2p/interface'
import type { AddressManager, ConnectionManager, Registrar } from '@libp2p/interface-internal'
import type { Direction } from '@hearsay/protocol-core/pure'
import type { CloseReason, DialectName } from './contract.ts'

export { gossipDefaults, gossipRanges, MAX_DATA_BYTES, MIDTERM_PROTOCOL, P2P_PROTOCOL, PROTOCOL } from './constants.ts'
export type { CloseReason, DialectName } from './contract.ts'

export interface GossipInit {
  /**
   * The dialects to speak, most preferred first: `'gossip'`, `'gossip-p2p'`, `'gossip-midterm'`. The last has no gate:
   * its peers get a quarter of `maxConnections`. @default ['gossip', 'gossip-p2p']
   */
  dialects?: readonly DialectName[] | undefined
  /** Leading zero bits of a proof of work, equal in the whole network; 0–64, 0 only for tests. @default 24 */
  difficultyBits?: number | undefined
  /** Refuse to search for proofs of more bits than this, 0–64. @default 32 */
  maxSolveBits?: number | undefined
  /** Proofs searched for at once, each on a thread of its own, 1–64. @default 1 */
  solverConcurrency?: number | undefined
  /** Time for a peer to pass the gate, 1 s to 1 h in ms. @default 120_000 */
  challengeTimeout?: number | undefined
  /** How long a peer that broke the rules is refused, in ms, up to 1 day. @default 300_000 */
  banTime?: number | undefined
  /** Peers at the gate; beyond, the oldest of the address group that holds most leaves. 1–10,000. @default 128 */
  maxUnverified?: number | undefined
  /** Verified peers each announce goes to, 1 to minConnections. @default 4 */
  degree?: number | undefined
  /** Below this many verified peers others are searched for, 1 to maxConnections. @default 6 */
  minConnections?: number | undefined
  /** Half for peers we dialled, half for those that dialled us; 2–1,000. @default 30 */
  maxConnections?: number | undefined
  /** Time between searches, 1 s to 1 day in ms. @default 60_000 */
  searchCooldown?: number | undefined
  /** Multiaddrs of peers to stay connected to. @default [] */
  knownPeers?: readonly string[] | undefined
  /** Multiaddr of a peer to dial when no known peer answers. @default undefined */
  bootstrapper?: string | undefined
  /** Gossip with connected peers that speak the protocol, whoever made the connection. @default true */
  fromConnections?: boolean | undefined
  /** Announces remembered to drop their copies; those of the last 2 min stay up to 16 times as many. 1–1,000,000. @default 65_536 */
  cacheSize?: number | undefined
  /**
   * New announces taken of one peer, 1–1,000,000 a second; what is more is dropped. Much more than a small network says:
   * lower it to a few times what yours does. @default 50_000
   */
  announceRate?: number | undefined
  /** And at once, 1–1,000,000. @default 1_000_000 */
  announceBurst?: number | undefined
  /** Time for a validator, 1 ms to 10 min in ms; then the announce is dropped. @default 10_000 */
  verdictTimeout?: number | undefined
  /** Pass on announces of data types nobody here subscribed to. @default false */
  relayUnknown?: boolean | undefined
  /** Time to connect and open a stream, 100 ms to 5 min in ms. @default 10_000 */
  dialTimeout?: number | undefined
  /** Bytes queued for a peer that reads slowly, 64 KiB to 1 GiB; then its announces are dropped. @default 1_048_576 */
  maxQueuedBytes?: number | undefined
  /** Announces of one peer awaiting verdicts before it is read no further, 2–100,000. @default 256 */
  maxOpenVerdicts?: number | undefined
}

export interface GossipComponents {
  peerId: PeerId
  registrar: Registrar
  connectionManager: ConnectionManager
  addressManager: AddressManager
  peerStore: PeerStore
  events: TypedEventTarget<Libp2pEvents>
  logger: ComponentLogger
  metrics?: Metrics | undefined
}

export interface GossipMessage {
  /** 64 bits chosen by the origin */
  id: bigint
  /** 0–65535, the application's */
  dataType: number
  data: Uint8Array
  /** The neighbour it came from, which need not be its origin: a peer id as text */
  from: string
}

export interface GossipPeer {
  /** A peer id as text */
  peer: string
  direction: Direction
  /** What is spoken with it; the midterm dialect has no gate to pass */
  dialect: DialectName
}

/** A peer we closed, and why */
export interface GossipClose {
  /** A peer id as text */
  peer: string
  reason: CloseReason
}

export interface GossipEvents {
  /** An announce that every validator accepted */
  message: CustomEvent<GossipMessage>
  /** A peer passed the gate, ours if inbound, its own if outbound; or its dialect has none */
  'peer:verified': CustomEvent<GossipPeer>
  /** A verified peer is gone; its peer id as text */
  'peer:lost': CustomEvent<string>
  /** We closed a peer, verified or not */
  'peer:closed': CustomEvent<GossipClose>
  /** Whether there is a verified peer; without known peers and bootstrapper, true from the start. False when none answers */
  ready: CustomEvent<boolean>
}

/**
 * Whether an announce may be delivered and passed on. Throwing or rejecting means `false`. The signal aborts when the
 * verdict is no longer awaited: after `verdictTimeout`, when another said no, and on stop.
 */
export type GossipValidator = (data: Uint8Array, options: Required<AbortOptions>) => boolean | Promise<boolean>

export interface PartyOptions {
  /** Whose it is, where one node serves several: a party is not shown its own announces. @default 'app' */
  party?: string
}

export interface AnnounceOptions extends PartyOptions {
  /** Hops, 0–255: 1 reaches neighbours only, 0 is unlimited. @default 0 */
  ttl?: number
}

export interface AnnounceResult {
  id: bigint
  /** Verified peers it was sent to */
  sentTo: number
  /** Whether it waits for the first verified peer; the newest 64 do */
  queued: boolean
}

export interface Gossip extends TypedEventTarget<GossipEvents> {
  /** Verified peers */
  readonly peers: readonly GossipPeer[]
  /** See the `ready` event */
  readonly ready: boolean

  /**
   * Receive and pass on announces of `dataType`, 0–65535; all others are dropped, or only passed on with `relayUnknown`.
   *
   * @returns a function that ends the subscription
   * @throws {InvalidParametersError} on a wrong data type, and beyond 65,536 subscriptions
   */
  subscribe(dataType: number, validator: GossipValidator, options?: PartyOptions): () => void

  /**
   * Best effort: returns before anything is on the wire.
   *
   * @param data - up to 65,519 bytes
   * @throws {NotStartedError} before start and after stop
   * @throws {InvalidParametersError} on a wrong data type or ttl, and on too much data
   */
  announce(dataType: number, data: Uint8Array, options?: AnnounceOptions): AnnounceResult
}

/**
 * The service factory for `createLibp2p({ services: { gossip: gossip() } })`; needs the identify service.
 *
 * @throws {InvalidParametersError} on an unknown option or one out of range
 */
export function gossip(init: GossipInit = {}): (components: GossipComponents) => Gossip {
  const config = withDefaults(gossipDefaults, init, gossipRanges)
  checkDialects(config.dialects)
  checkAddresses('knownPeers', config.knownPeers)
  checkAddresses('bootstrapper', config.bootstrapper === undefined ? [] : [config.bootstrapper])
  checkOrder(config, 'minConnections', 'maxConnections')
  checkOrder(config, 'degree', 'minConnections')
  return (components) => new GossipService(components, config)
}

function checkDialects(dialects: readonly string[]): void {
  const strange = dialects.find((name) => !DIALECT_NAMES.some((known) => known === name))

  if (dialects.length === 0 || strange !== undefined || new Set(dialects).size < dialects.length) {
    const allowed = `must be some of ${DIALECT_NAMES.join(', ')}, each once`
    throw new InvalidParametersError('dialects', `${allowed}, and is ${JSON.stringify(dialects)}`)
  }
}

function checkAddresses(name: 'knownPeers' | 'bootstrapper', addresses: readonly string[]): void {
  for (const address of addresses) {
    if (!isAddress(address)) {
      const allowed = 'takes multiaddrs such as /ip4/192.0.2.1/tcp/6001'
      throw new InvalidParametersError(name, `${allowed}, and not ${JSON.stringify(address)}`)
    }
  }
}

function isAddress(text: string): boolean {
  try {
    multiaddr(text)
    // not even a slash is one of nowhere; what is no text has no `startsWith`
    return text.startsWith('/')
  } catch {
    return false
  }
}

function checkOrder(
  config: typeof gossipDefaults,
  lower: 'degree' | 'minConnections',
  upper: 'minConnections' | 'maxConnections'
): void {
  if (config[lower] > config[upper]) {
    throw new InvalidParametersError(lower, `must be at most ${upper}, ${config[upper]}, and is ${config[lower]}`)
  }
}
