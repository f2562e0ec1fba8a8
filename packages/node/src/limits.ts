/** What `--max-memory` means for everything that others can fill. Without it, and at most, the numbers are those here. */
import { gossipDefaults } from '@hearsay/protocol-gossip'
import { ConfigError } from './errors.ts'

export interface Limits {
  /** A stalled peer can make us hold two of them for each of its streams */
  streamWindowBytes: number
  /** Queued for a gossip peer that reads slowly */
  maxQueuedBytes: number
  /** Gossip peers at the gate */
  maxUnverified: number
  /** Announces remembered */
  cacheSize: number
  /** Clients of each TCP API */
  maxClients: number
  /** What the clients of both together may leave unread */
  clientQueueBytes: number
  /** libp2p's */
  maxConnections: number
}

const MIB = 2 ** 20
const KIB = 2 ** 10

/** What a node takes that holds nothing for anybody: Node.js, libp2p and their code. Measured after the start: 136 MiB, with metrics too */
const BASE_BYTES = 144 * MIB
/** Half a window is what a stalled peer can make us hold; 1 MiB is 10 MB/s at 100 ms round trip, 256 KiB is yamux's least */
const STREAM_WINDOW = [256 * KIB, MIB] as const
const QUEUE = [64 * KIB, gossipDefaults.maxQueuedBytes] as const
const UNVERIFIED = [8, gossipDefaults.maxUnverified] as const
const CLIENTS = [4, 1_024] as const
/** What one client of a TCP API may leave unread, see api/server.ts */
const CLIENT_BYTES = 4 * MIB
const CLIENT_QUEUES = [16 * MIB, 64 * MIB] as const
/** A remembered announce, times those that may be remembered beyond `cacheSize` */
const REMEMBERED_BYTES = 24 * 16
const CONNECTIONS = 300

/**
 * Half of what is there beyond the base is for peers, a quarter for clients of the TCP APIs, a quarter for caches.
 *
 * @param maxMemory - in MiB
 * @throws {ConfigError} when so many connections do not fit
 */
export function limitsOf(maxMemory: number | undefined, maxConnections: number, cacheSize: number): Limits {
  const bytes = maxMemory === undefined ? Infinity : maxMemory * MIB - BASE_BYTES
  // as many can have a session: both views, those we dialled, and those at the gate
  const members = 3 * maxConnections
  const leastPeerBytes = QUEUE[0] + 2 * STREAM_WINDOW[0]
  const places = Math.floor(bytes / 2 / leastPeerBytes)

  if (places < members + UNVERIFIED[0]) {
    const needed = Math.ceil((BASE_BYTES + 2 * leastPeerBytes * (members + UNVERIFIED[0])) / MIB)
    throw new ConfigError(
      `max-connections of ${maxConnections} needs max-memory of ${needed} MiB, and it is ${maxMemory}`
    )
  }

  const maxUnverified = clamp(places - members, UNVERIFIED)
  const peerBytes = bytes / 2 / (members + maxUnverified)
  const streamWindowBytes = clamp(peerBytes / 3, STREAM_WINDOW)

  return {
    streamWindowBytes,
    maxQueuedBytes: clamp(peerBytes - 2 * streamWindowBytes, QUEUE),
    maxUnverified,
    cacheSize: clamp(bytes / 4 / REMEMBERED_BYTES, [1, cacheSize]),
    maxClients: clamp(bytes / 4 / CLIENT_BYTES, CLIENTS),
    clientQueueBytes: clamp(bytes / 4, CLIENT_QUEUES),
    maxConnections: Math.min(CONNECTIONS, places)
  }
}

function clamp(value: number, [lowest, highest]: readonly [number, number]): number {
  return Math.floor(Math.min(Math.max(value, lowest), highest))
}
