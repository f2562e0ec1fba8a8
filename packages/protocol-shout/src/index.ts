/**
 * @packageDocumentation
 *
 * Signed shouts, sealed whispers and a Kademlia-like table, as specified in docs/specs/shout.md.
 *
 * @example
 *
 * ```ts
 * const node = await createLibp2p({ services: { identify: identify(), shout: shout() } })
 *
 * node.services.shout.addEventListener('shout', ({ detail }) => console.info(detail.peer, detail.value))
 * await node.services.shout.shout({ text: 'hello, everybody' })
 * ```
 */
import { InvalidParametersError, withDefaults } from '@hearsay/protocol-core/pure'
import { Compression, shoutDefaults, shoutRanges } from './constants.ts'
import { highestLimit } from './figures.ts'
import { ShoutService } from './service.ts'
import type { RsaPrivateKey } from '@hearsay/protocol-core'
import type {
  AbortOptions,
  ComponentLogger,
  Libp2pEvents,
  Metrics,
  PeerId,
  PrivateKey,
  TypedEventTarget
} from '@libp2p/interface'
import type { AddressManager, ConnectionManager, Registrar } from '@libp2p/interface-internal'
import type { Datastore } from 'interface-datastore'
import type { CompressionMethod } from './compression.ts'
import type { CompressionName, Subnet } from './constants.ts'
import type { CloseReason, FoundValue, WhisperMode } from './contract.ts'
import type { Value } from './msgpack.ts'
import type { NodeInfo } from './payloads.ts'

export { builtIn, compress, decompress } from './compression.ts'
export { Compression, Opcode, Option, PROTOCOL, shoutDefaults, shoutRanges } from './constants.ts'
export { BusyError, NoAnswerError, NoRouteError, NotStoredError, WhisperTimeoutError } from './errors.ts'
export { seal, sealBytes, unseal } from './seal.ts'
export type { CompressionMethod } from './compression.ts'
export type { CompressionName } from './constants.ts'
export type { CloseReason, FoundValue, WhisperMode } from './contract.ts'
export type { Value } from './msgpack.ts'
export type { NodeInfo } from './payloads.ts'

/** What a subnet agrees on; what is left out is as it is here */
export type SubnetDescriptor = Partial<Subnet>

/** Whether a message may be passed on. Throwing or rejecting means `false`. */
export type RelayHook = (message: ShoutMessage, options: Required<AbortOptions>) => boolean | Promise<boolean>

/** What of the options is no number and no text */
export interface ShoutHooks {
  /**
   * Our RSA key, of `beta` bits. Give one to be known by it after a restart. @default the libp2p node's own if that is
   * RSA of this size, else a new one for each run
   */
  key?: RsaPrivateKey | undefined
  /** Asked before a SHOUT is passed on. @default undefined: all are */
  relayShout?: RelayHook | undefined
  /** Asked before a SPEAK is passed on. @default undefined: none is */
  forwardSpeak?: RelayHook | undefined
  /** Further methods of compression, by their number: 1 bz2, 3 lzma. They must stop at `maxBytes`. @default none */
  compressors?: Iterable<readonly [number, CompressionMethod]> | undefined
}

/** Everything is optional */
export interface ShoutInit extends ShoutHooks {
  /** Bucket size, and copies of a value, 1–64; equal in the whole subnet, like the next five. @default 20 */
  k?: number | undefined
  /** Requests of one lookup at a time, 1–16. @default 3 */
  alpha?: number | undefined
  /** Bits of an address, 8–256 in steps of 8. @default 256 */
  tau?: number | undefined
  /** Bits of everybody's key: 2,048, 3,072 or 4,096. @default 2_048 */
  beta?: number | undefined
  /** ℓ: streams we open and keep, 1–1,000. @default 8 */
  limit?: number | undefined
  /** What the subnet is about, up to 1,024 characters. @default '' */
  description?: string | undefined
  /** Peers that opened their stream to us, 1–10,000. @default 64 */
  maxInbound?: number | undefined
  /** Open streams to nodes that announce themselves, while fewer than `limit` are open. @default true */
  autoDial?: boolean | undefined
  /** Store in the table that we are of this subnet, so that `findSubnet` finds us. @default true */
  listed?: boolean | undefined
  /** Time to agree on the subnet and prove a key, 100 ms to 1 h in ms. @default 10_000 */
  handshakeTimeout?: number | undefined
  /** Time for an answer, 100 ms to 1 h in ms. @default 5_000 */
  requestTimeout?: number | undefined
  /** Time for a whisper's acknowledgement, 100 ms to 1 h in ms. @default 10_000 */
  whisperTimeout?: number | undefined
  /** Signatures remembered to drop copies, 64–2^22; those of the last 2 min stay up to 16 times as many. @default 65_536 */
  seenSize?: number | undefined
  /** Messages a second taken from one peer, 1–1,000,000; twice as many in a burst. @default 50_000 */
  peerRate?: number | undefined
  /** Messages a second passed on of one author, 1–1,000,000; twice as many in a burst. @default 20_000 */
  authorRate?: number | undefined
  /** Values kept for others, 0–1,000,000. @default 16_384 */
  maxValues?: number | undefined
  /** Of one owner, 1–1,000,000. @default 1_024 */
  maxValuesPerOwner?: number | undefined
  /** Life of a value whose owner says nothing, 1 s to 30 days in ms. @default 86_400_000 */
  valueTtl?: number | undefined
  /** Acknowledge each SPEAK. @default false */
  ackSpeak?: boolean | undefined
  /** Time to connect and open a stream, 100 ms to 5 min in ms. @default 10_000 */
  dialTimeout?: number | undefined
  /** Bytes queued for a peer that reads slowly; then messages to it are dropped. 512 KiB to 1 GiB. @default 4_194_304 */
  maxQueuedBytes?: number | undefined
  /** Transmissions of one peer being verified; then it is read no further. 2–1,000. @default 8 */
  maxOpenAsks?: number | undefined
  /** What we can decompress, the method we like best first; `[]` for none. @default ['snappy', 'zlib', 'gzip'] */
  compression?: readonly CompressionName[] | undefined
  /** Remember signatures over restarts, in the libp2p node's datastore. @default true */
  persistSeen?: boolean | undefined
}

/** What the service takes from the libp2p node it is part of */
export interface ShoutComponents {
  peerId: PeerId
  privateKey?: PrivateKey
  registrar: Registrar
  connectionManager: ConnectionManager
  addressManager: AddressManager
  datastore?: Datastore
  events: TypedEventTarget<Libp2pEvents>
  logger: ComponentLogger
  metrics?: Metrics
}

export interface ShoutMessage {
  value: Value
  /** Public key of who said it, DER: its signature was checked */
  from: Uint8Array
  /** The neighbour it came from: a peer id as text */
  peer: string
}

export interface ShoutPeer {
  /** A peer id as text */
  peer: string
  /** Its public key, DER */
  key: Uint8Array
}

export interface ShoutEvents {
  /** Somebody told everybody */
  shout: CustomEvent<ShoutMessage>
  /** Somebody told its direct peers, or they passed it on */
  speak: CustomEvent<ShoutMessage>
  /** Somebody told us alone */
  whisper: CustomEvent<ShoutMessage>
  /** A message for a handler that is registered */
  custom: CustomEvent<{ app: string; data: Value; from: Uint8Array; peer: string }>
  /** A peer proved its key, or is gone */
  peer: CustomEvent<ShoutPeer & { connected: boolean }>
  /** We closed a peer; its peer id as text */
  'peer:closed': CustomEvent<{ peer: string; reason: CloseReason }>
  /** Somebody, possibly ourselves, goes by another key */
  'key-change': CustomEvent<{ current: Uint8Array; next: Uint8Array }>
  /** A key has two successors: one of them is not its owner's, and none is followed */
  'key-conflict': CustomEvent<{ current: Uint8Array; next: Uint8Array }>
}

export interface Sent {
  /** Peers it was sent to */
  peers: number
  /** What the message is known by */
  signature: Uint8Array
}

export interface WhisperOptions extends AbortOptions {
  /**
   * `direct`: to a peer we are connected to. `iterative`: find out where it is, and connect. `recursive`: have others
   * pass it on. @default 'auto'
   */
  mode?: WhisperMode | undefined
  /** Encrypted to the receiver; may be false with `direct` only. @default true */
  sealed?: boolean | undefined
}

export interface StoreOptions extends AbortOptions {
  /** Higher than the last; without one, the time in ms */
  version?: number | undefined
  /** Life in seconds, up to 30 days. @default a day, or what the nodes that keep it say */
  ttl?: number | undefined
}

export interface Stored {
  /** Nodes that keep it, of those asked */
  copies: number
  asked: number
  version: number
}

export interface FindValueOptions extends AbortOptions {
  /** Whose value, a public key (DER). @default the newest of all */
  owner?: Uint8Array | undefined
}

export type CustomHandler = (data: Value, about: { from: Uint8Array; peer: string }) => void

export interface Shout extends TypedEventTarget<ShoutEvents> {
  /** Ours, DER. @throws {NotStartedError} before the first start */
  readonly publicKey: Uint8Array
  /** Who proved its key on an open stream */
  readonly peers: readonly ShoutPeer[]

  /**
   * Tell everybody.
   *
   * @returns once it is signed and queued
   * @throws {InvalidParametersError} when no message can carry the value
   * @throws {BusyError} when thousands of messages wait already
   * @throws {NotStartedError} like all of these: before start and after stop
   */
  shout(value: Value): Promise<Sent>

  /**
   * Tell everybody where we are, so that they find us. Done anyway with the first peer, on a change of address, and then
   * every 10 s to 10 min; nothing happens while there is no peer.
   */
  announce(): void

  /** Tell direct peers. @throws as `shout` */
  speak(value: Value): Promise<Sent>

  /**
   * Tell one node. Resolves once it acknowledged.
   *
   * @param to - its public key (DER), or its address in the table
   * @throws {NoRouteError} when it cannot be found, and nobody passes it on
   * @throws {WhisperTimeoutError} when no acknowledgement came in time
   */
  whisper(to: Uint8Array, value: Value, options?: WhisperOptions): Promise<void>

  /** Receive what others `send` under this name. @returns a function that ends that */
  custom(app: string, handler: CustomHandler): () => void

  /** To the handler of this name at another node. @throws {NoAnswerError} when it has none, or cannot be reached */
  send(to: Uint8Array, app: string, data: Value, options?: AbortOptions): Promise<void>

  /** @returns ms there and back. @throws {NoAnswerError} */
  ping(to: Uint8Array, options?: AbortOptions): Promise<number>

  /** The k nodes closest to a public key or an address, closest first */
  findNode(target: Uint8Array, options?: AbortOptions): Promise<NodeInfo[]>

  /**
   * Keep a value at the k nodes closest to its key. A map with `$op` is an operation: docs/specs/shout.md#operations.
   *
   * @param key - a string or bytes
   * @throws {NotStoredError} unless most of them keep it, with their reason and version
   */
  store(key: string | Uint8Array, value: Value, options?: StoreOptions): Promise<Stored>

  /** The newest value by version and time, of one owner or of all. Its owner's signature was checked */
  findValue(key: string | Uint8Array, options?: FindValueOptions): Promise<FoundValue | undefined>

  /** The newest value of each owner, up to 20 */
  findValues(key: string | Uint8Array, options?: AbortOptions): Promise<FoundValue[]>

  /** Nodes that said lately that they are of this subnet. @param subnet - by default ours */
  findSubnet(subnet?: SubnetDescriptor, options?: AbortOptions): Promise<NodeInfo[]>

  /** Go by another key from now on. The old one can be told apart for a day. @throws {InvalidParametersError} on another size */
  changeKey(next: RsaPrivateKey): Promise<void>
}

const KEY_SIZES = [2_048, 3_072, 4_096]
const MAX_DESCRIPTION = 1_024

/**
 * The service factory for `createLibp2p({ services: { shout: shout() } })`; needs the identify service.
 *
 * @throws {InvalidParametersError} on an unknown option or one out of range
 */
export function shout(init: ShoutInit = {}): (components: ShoutComponents) => Shout {
  const { key, relayShout, forwardSpeak, compressors, ...numbers } = init
  const config = withDefaults(shoutDefaults, numbers, shoutRanges)
  // listed, as an iterator is over after one use
  const hooks: ShoutHooks = { key, relayShout, forwardSpeak, compressors: [...(compressors ?? [])] }
  checkSubnet(config)
  checkCompression(config.compression, hooks)

  if (key !== undefined && key.publicKey.bits !== config.beta) {
    throw new InvalidParametersError('key', `must have ${config.beta} bits (beta), and has ${key.publicKey.bits}`)
  }

  return (components) => new ShoutService(components, config, hooks)
}

function checkSubnet({ k, tau, beta, limit, description }: Subnet): void {
  const highest = highestLimit(k, tau)

  if (!KEY_SIZES.includes(beta)) {
    throw new InvalidParametersError('beta', `must be 2048, 3072 or 4096, and is ${beta}`)
  } else if (tau % 8 !== 0) {
    throw new InvalidParametersError('tau', `must be a multiple of 8, and is ${tau}`)
  } else if (limit > highest) {
    throw new InvalidParametersError('limit', `must be at most ${highest} with these k and tau, and is ${limit}`)
  } else if (description.length > MAX_DESCRIPTION) {
    throw new InvalidParametersError('description', `must be at most ${MAX_DESCRIPTION} characters`)
  }
}

function checkCompression(names: readonly CompressionName[], { compressors }: ShoutHooks): void {
  const given = new Set([...(compressors ?? [])].map(([code]) => code))

  for (const name of names) {
    const isForeign = name === 'bz2' || name === 'lzma'

    if (!Object.hasOwn(Compression, name) || (isForeign && !given.has(Compression[name]))) {
      const problem = isForeign ? 'needs a decoder in `compressors`' : 'is no method of compression'
      throw new InvalidParametersError('compression', `${JSON.stringify(name)} ${problem}`)
    }
  }
}
