/** What `--max-memory` means for everything that others can fill. Without it, and at most, the numbers are those here. */
import { cup2pyDefaults, cup2pyRanges } from '@hearsay/protocol-cup2py'
import { gossipDefaults, gossipRanges } from '@hearsay/protocol-gossip'
import { shoutDefaults, shoutRanges } from '@hearsay/protocol-shout'
import { ConfigError } from './errors.ts'
import type { NodeConfig } from './config/options.ts'

export interface Limits {
  /** A stalled peer can make us hold two of them for each of its streams */
  streamWindowBytes: number
  /** libp2p's */
  maxConnections: number
  /** Clients of each TCP API */
  maxClients: number
  /** What the clients of both together may leave unread */
  clientQueueBytes: number
  gossip: {
    /** Queued for a peer that reads slowly, as with the others */
    maxQueuedBytes: number
    /** Peers at the gate */
    maxUnverified: number
    /** Announces remembered */
    cacheSize: number
  }
  cup2py: {
    maxQueuedBytes: number
    /** Peers with a session */
    maxPeers: number
    /** Users in the address book */
    maxUsers: number
  }
  shout: {
    maxQueuedBytes: number
    /** Peers that opened their stream to us */
    maxInbound: number
    /** Signatures remembered */
    seenSize: number
    /** Values kept for others */
    maxValues: number
  }
}

export type LimitedOptions = Pick<
  NodeConfig,
  | 'max-memory'
  | 'max-connections'
  | 'cache-size'
  | 'gossip'
  | 'cup2py'
  | 'cup2py-max-users'
  | 'shout'
  | 'shout-limit'
  | 'shout-max-values'
>

const MIB = 2 ** 20
const KIB = 2 ** 10

/** What a node takes that holds nothing for anybody: Node.js, libp2p and their code. Measured after the start: 137 MiB, 145 with metrics */
const BASE_BYTES = 156 * MIB
/** Half a window is what a stalled peer can make us hold; 1 MiB is 10 MB/s at 100 ms round trip, 256 KiB is yamux's least */
const STREAM_WINDOW = [256 * KIB, MIB] as const
const CLIENTS = [4, 1_024] as const
/** What one client of a TCP API may leave unread, see api/server.ts */
const CLIENT_BYTES = 4 * MIB
const CLIENT_QUEUES = [16 * MIB, 64 * MIB] as const
/** A remembered announce, times those that may be remembered beyond `cacheSize` */
const REMEMBERED_BYTES = 24 * 16
/** A user of the address book, as far as it is in memory. Measured: 350 */
const USER_BYTES = 400
/** A remembered signature, times those that may be remembered beyond `seenSize` */
const SEEN_BYTES = 24 * 16
/** A value of the table, with what its owner signed */
const VALUE_BYTES = 128 * KIB
const CONNECTIONS = 300
/** Streams of shout beyond its limit and those that came in: for look-ups, and one each to be refused */
const SHOUT_VISITS = 66
/** Peers of the new crowds that there is room for at least */
const LEAST_PEERS = 8

/** Those who may have a session of a protocol at once, and what may be queued for each */
interface Crowd {
  members: readonly [least: number, most: number]
  queue: readonly [least: number, most: number]
}

type Crowds = Readonly<Record<'gossip' | 'cup2py' | 'shout', Crowd>>

/**
 * Half of what is there beyond the base is for peers, a quarter for clients of the TCP APIs, a quarter for caches; of the
 * first and the last each protocol that is on has its part.
 *
 * @throws {ConfigError} when those whom the options promise a place do not fit
 */
export function limitsOf(options: LimitedOptions): Limits {
  const maxMemory = options['max-memory']
  const bytes = maxMemory === undefined ? Infinity : maxMemory * MIB - BASE_BYTES
  const crowds = crowdsOf(options)
  const active = (['gossip', 'cup2py', 'shout'] as const).filter((name) => options[name])
  const least = active.reduce((sum, name) => sum + leastBytes(crowds[name]), 0)

  if (bytes / 2 < least) {
    const needed = Math.ceil((BASE_BYTES + 2 * least) / MIB)
    throw new ConfigError(`${wishes(options)} max-memory of ${needed} MiB, and it is ${maxMemory}`)
  }

  // one that is off has no peers, and its numbers do not matter
  const scale = least === 0 ? Infinity : bytes / 2 / least
  const streamWindowBytes = clamp(Math.min(...active.map((name) => windowOf(crowds[name], scale))), STREAM_WINDOW)

  return {
    streamWindowBytes,
    maxConnections: Math.min(CONNECTIONS, Math.floor(bytes / 2 / leastPeerBytes(gossipRanges.maxQueuedBytes[0]))),
    maxClients: clamp(bytes / 4 / CLIENT_BYTES, CLIENTS),
    clientQueueBytes: clamp(bytes / 4, CLIENT_QUEUES),
    ...protocolLimits(options, { crowds, scale, streamWindowBytes, cacheBytes: bytes / 4 / Math.max(1, active.length) })
  }
}

/** What takes memory at least */
function wishes(options: LimitedOptions): string {
  const named = [
    ...(options.gossip ? [`max-connections of ${options['max-connections']}`] : []),
    ...(options.shout ? [`shout-limit of ${options['shout-limit']}`] : [])
  ]
  return `${named.join(' and ')} ${named.length === 1 ? 'needs' : 'need'}`
}

interface Parts {
  crowds: Crowds
  /** How many times what the crowds need at least there is */
  scale: number
  streamWindowBytes: number
  /** Of each protocol */
  cacheBytes: number
}

function protocolLimits(options: LimitedOptions, parts: Parts): Pick<Limits, 'gossip' | 'cup2py' | 'shout'> {
  const { crowds, scale, streamWindowBytes, cacheBytes } = parts
  const queue = (name: keyof Crowds): number => queueOf(crowds[name], scale, streamWindowBytes)
  const beyond = (name: keyof Crowds, base: number): number => membersOf(crowds[name], scale) - base

  return {
    gossip: {
      maxQueuedBytes: queue('gossip'),
      maxUnverified: beyond('gossip', verified(options)),
      cacheSize: clamp(cacheBytes / REMEMBERED_BYTES, [1, options['cache-size']])
    },
    cup2py: {
      maxQueuedBytes: queue('cup2py'),
      maxPeers: beyond('cup2py', 0),
      maxUsers: clamp(cacheBytes / USER_BYTES, [1, options['cup2py-max-users']])
    },
    shout: {
      maxQueuedBytes: queue('shout'),
      maxInbound: beyond('shout', dialled(options)),
      seenSize: clamp(cacheBytes / 2 / SEEN_BYTES, [shoutRanges.seenSize[0], shoutDefaults.seenSize]),
      maxValues: clamp(cacheBytes / 2 / VALUE_BYTES, [0, options['shout-max-values']])
    }
  }
}

function crowdsOf(options: LimitedOptions): Crowds {
  return {
    gossip: crowd(verified(options), gossipDefaults.maxUnverified, [
      gossipRanges.maxQueuedBytes[0],
      gossipDefaults.maxQueuedBytes
    ]),
    cup2py: crowd(0, cup2pyDefaults.maxPeers, [cup2pyRanges.maxQueuedBytes[0], cup2pyDefaults.maxQueuedBytes]),
    shout: crowd(dialled(options), shoutDefaults.maxInbound, [
      shoutRanges.maxQueuedBytes[0],
      shoutDefaults.maxQueuedBytes
    ])
  }
}

/** @param base - who must have a place; of others there are at least LEAST_PEERS */
function crowd(base: number, mostOthers: number, queue: Crowd['queue']): Crowd {
  return { members: [base + LEAST_PEERS, base + mostOthers], queue }
}

/** As many can have a session of gossip: both views, and those we dialled */
function verified(options: LimitedOptions): number {
  return 3 * options['max-connections']
}

function dialled(options: LimitedOptions): number {
  return options['shout-limit'] + SHOUT_VISITS
}

function leastPeerBytes(queueBytes: number): number {
  return queueBytes + 2 * STREAM_WINDOW[0]
}

function leastBytes({ members, queue }: Crowd): number {
  return members[0] * leastPeerBytes(queue[0])
}

/** More peers first, then more for each */
function membersOf(each: Crowd, scale: number): number {
  return clamp((scale * leastBytes(each)) / leastPeerBytes(each.queue[0]), each.members)
}

function peerBytesOf(each: Crowd, scale: number): number {
  return (scale * leastBytes(each)) / membersOf(each, scale)
}

function windowOf(each: Crowd, scale: number): number {
  const bytes = peerBytesOf(each, scale)
  return Math.min(bytes / 3, (bytes - each.queue[0]) / 2)
}

function queueOf(each: Crowd, scale: number, windowBytes: number): number {
  return clamp(peerBytesOf(each, scale) - 2 * windowBytes, each.queue)
}

function clamp(value: number, [lowest, highest]: readonly [number, number]): number {
  return Math.floor(Math.min(Math.max(value, lowest), highest))
}
