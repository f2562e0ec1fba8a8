import { MessageType, Record } from '@libp2p/kad-dht'
import { setMaxListeners } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { sha256 } from './digest.ts'
import type { Libp2p, PeerId } from '@libp2p/interface'
import type { DisjointPath, KadDHT, QueryEvent } from '@libp2p/kad-dht'
import type { Candidate } from './rules/placement.ts'

/** What of kad-dht 16 is used beyond its interface; `Kad` checks that it is there */
interface KadInternals {
  routingTable: {
    size: number
    /** Pings the peer first, or joins an attempt that is under way */
    add(peer: PeerId, options: { signal: AbortSignal }): Promise<void>
    find(peer: PeerId): Promise<PeerId | undefined>
    addEventListener(type: 'peer:add', listener: () => void, options?: { once: true; signal: AbortSignal }): void
    removeEventListener(type: 'peer:add', listener: () => void): void
  }
  network: {
    sendRequest(
      to: PeerId,
      message: { type: MessageType; key: Uint8Array; record?: Uint8Array },
      options: { signal: AbortSignal; path: DisjointPath }
    ): AsyncIterable<QueryEvent>
  }
}

export interface ClosestOptions {
  signal: AbortSignal
  quietTime: number
}

export interface WalkOptions {
  signal: AbortSignal
  /** Told of each value, one a peer. @returns whether that is enough */
  onValue: (value: Uint8Array) => boolean
  /** In ms after the first value; slower peers are not waited for */
  settleTime: number
}

/** In ms; one that takes longer to answer a ping is not taken in */
const INTRODUCTION_TIMEOUT = 10_000

/** kad-dht marks what belongs to no path of a walk with this index: its corrections among them */
const NO_PATH: DisjointPath = { index: -1, queued: 0, running: 0, total: 0 }

/** kad-dht, as far as values need it: who is near, one peer's copy, all copies. Decides nothing. */
export class Kad {
  private readonly libp2p: Libp2p
  private readonly dht: KadDHT & KadInternals

  /** @throws {Error} when this kad-dht is not built as version 16 is */
  constructor(libp2p: Libp2p, dht: KadDHT) {
    const { network, routingTable } = dht as KadDHT & Partial<KadInternals>

    if (typeof network?.sendRequest !== 'function' || typeof routingTable?.add !== 'function') {
      throw new Error('this kad-dht has no network.sendRequest or routingTable.add: version 16 has')
    }

    this.libp2p = libp2p
    this.dht = dht as KadDHT & KadInternals
  }

  /** Whether there is nobody to ask, and nobody coming */
  get isAlone(): boolean {
    return !this.hasPeers && this.libp2p.getConnections().length === 0 && this.libp2p.getDialQueue().length === 0
  }

  get hasPeers(): boolean {
    return this.peerCount > 0
  }

  /** Those in kad-dht's table */
  get peerCount(): number {
    return this.dht.routingTable.size
  }

  /** Whether others may store with us */
  get isServer(): boolean {
    return this.dht.getMode() === 'server'
  }

  /** Until kad-dht knows a first peer, or the signal says that it was long enough */
  async firstPeer(signal: AbortSignal): Promise<void> {
    if (!this.hasPeers && !signal.aborted) {
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true })
        this.dht.routingTable.addEventListener('peer:add', () => resolve(), { once: true, signal })
      })
    }
  }

  /** @returns whether the peer is in kad-dht's table now */
  async introduce(peer: PeerId, signal: AbortSignal): Promise<boolean> {
    const either = manyListeners(AbortSignal.any([signal, AbortSignal.timeout(INTRODUCTION_TIMEOUT)]))
    await this.dht.routingTable.add(peer, { signal: either }).catch(() => {})
    return (await this.dht.routingTable.find(peer)) !== undefined
  }

  /** @param listener - told of each peer that comes into kad-dht's table; once, however often it is added */
  addPeerListener(listener: () => void): void {
    this.dht.routingTable.addEventListener('peer:add', listener)
  }

  removePeerListener(listener: () => void): void {
    this.dht.routingTable.removeEventListener('peer:add', listener)
  }

  /**
   * The peers that answer on a walk to a key, the closest among them.
   *
   * @param quietTime - in ms after the last answer; slower peers are not waited for
   */
  async closest(key: Uint8Array, { signal, quietTime }: ClosestOptions): Promise<Candidate<string>[]> {
    const found = new Map<string, Candidate<string>>()
    const quiet = new AbortController()
    const either = manyListeners(AbortSignal.any([signal, quiet.signal]))
    let timer: NodeJS.Timeout | undefined

    try {
      for await (const event of this.dht.getClosestPeers(key, { signal: either })) {
        if (event.name === 'PEER_RESPONSE') {
          found.set(event.from.toString(), candidate(event.from))
          clearTimeout(timer)
          timer = setTimeout(() => quiet.abort(), quietTime)
        }
      }
    } catch {
      // whom it found by then
    } finally {
      clearTimeout(timer)
    }

    return [...found.values()]
  }

  /** @returns whether the peer says that it stored the value */
  async store(peer: string, key: Uint8Array, value: Uint8Array, signal: AbortSignal): Promise<boolean> {
    const record = new Record(key, value, new Date()).serialize()
    const echo = await this.request(peer, { type: MessageType.PUT_VALUE, key, record }, signal)
    return isSame(echo, value)
  }

  /** @returns the peer's copy, as it says; undefined when it has none or does not answer */
  async fetch(peer: string, key: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return this.request(peer, { type: MessageType.GET_VALUE, key }, signal)
  }

  /**
   * Walks to a key, and tells all values on the way that the validator accepted, our own copy among them. kad-dht's own
   * `get` fails as a whole when one peer does not take a correction; this ends where the corrections would begin.
   *
   * @returns whether all peers on the way answered
   */
  async walk(key: Uint8Array, { signal, onValue, settleTime }: WalkOptions): Promise<boolean> {
    let isComplete = true
    const settled = new AbortController()
    const either = manyListeners(AbortSignal.any([signal, settled.signal]))
    let timer: NodeJS.Timeout | undefined
    const onProgress = (event: { type: string; detail?: unknown }): void => {
      if (event.type === 'kad-dht:query:value') {
        timer ??= setTimeout(() => settled.abort(), settleTime)

        if (onValue((event.detail as { value: Uint8Array }).value)) {
          settled.abort()
        }
      }
    }

    try {
      for await (const event of this.dht.get(key, { signal: either, onProgress })) {
        if (event.name === 'DIAL_PEER' && event.path.index === NO_PATH.index) {
          break
        }

        isComplete &&= event.name !== 'QUERY_ERROR'
      }
    } catch {
      // what was seen by then counts
      isComplete = false
    } finally {
      clearTimeout(timer)
    }

    return isComplete
  }

  private async request(
    peer: string,
    message: { type: MessageType; key: Uint8Array; record?: Uint8Array },
    signal: AbortSignal
  ): Promise<Uint8Array | undefined> {
    const options = { signal: manyListeners(signal), path: NO_PATH }
    let value: Uint8Array | undefined

    for await (const event of this.dht.network.sendRequest(peerIdFromString(peer), message, options)) {
      if (event.name === 'PEER_RESPONSE') {
        value = event.record?.value
      }
    }

    return value
  }
}

export function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0
}

/** Where a peer stands for kad-dht */
export function candidate(peer: PeerId): Candidate<string> {
  return { id: peer.toString(), place: sha256(peer.toMultihash().bytes) }
}

/** kad-dht listens to a signal once a request, which is no leak */
function manyListeners(signal: AbortSignal): AbortSignal {
  setMaxListeners(Infinity, signal)
  return signal
}
