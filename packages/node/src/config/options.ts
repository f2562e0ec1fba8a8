/**
 * Every option of the node, in one place. Its key is the flag (`--min-connections`), the key in a configuration file
 * (`min-connections`) and, in capitals, the environment variable (`HEARSAY_MIN_CONNECTIONS`).
 */
import { gossipDefaults, gossipRanges } from '@hearsay/protocol-gossip'
import envPaths from 'env-paths'
import {
  address,
  addresses,
  endpoint,
  hostPort,
  integer,
  listenAddresses,
  megabytes,
  oneOf,
  onOff,
  peerAddresses,
  seconds,
  text
} from './kinds.ts'
import type { LogFormat } from '../log.ts'
import type { HostPort, Kind } from './kinds.ts'

export interface Option<T> {
  kind: Kind<T>
  default: T | undefined
  help: string
}

function option<T>(kind: Kind<T>, fallback: T, help: string): Option<T> & { default: T } {
  return { kind, default: fallback, help }
}

const gossip = gossipDefaults
const ranges = gossipRanges

export const options = {
  listen: option<string[]>(
    listenAddresses,
    ['/ip4/0.0.0.0/tcp/6001'],
    'where other nodes can connect, over TCP or, with /ws, WebSockets'
  ),
  peer: option<string[]>(addresses, [], 'a known peer, to stay connected to'),
  'bootstrap-list': { kind: text, default: undefined, help: 'a file of further known peers, a multiaddr a line' },
  bootstrapper: { kind: address, default: undefined, help: 'a peer to dial when no known peer answers' },
  'gossip-api': option<HostPort>(hostPort, { host: '127.0.0.1', port: 7001 }, 'where other programs connect (500–503)'),
  'dht-api': {
    kind: hostPort,
    default: undefined,
    help: 'where other programs put and get values (650–653); 127.0.0.1:7401, or a free port if that is in use'
  },
  'data-dir': option(
    text,
    envPaths('hearsay', { suffix: '' }).data,
    'where the identity and values of others are kept'
  ),
  hostkey: { kind: text, default: undefined, help: 'a PEM file with an RSA key, to be the identity instead' },
  'difficulty-bits': option(
    integer([0, gossip.maxSolveBits]),
    gossip.difficultyBits,
    'proof of work, equal in a network'
  ),
  'min-connections': option(integer(ranges.minConnections), gossip.minConnections, 'search for peers below this many'),
  'max-connections': option(integer(ranges.maxConnections), gossip.maxConnections, 'half dialled, half accepted'),
  degree: option(integer(ranges.degree), gossip.degree, 'peers each announce goes to'),
  'search-cooldown': option(seconds(ranges.searchCooldown), gossip.searchCooldown / 1_000, 'time between searches'),
  'challenge-timeout': option(
    seconds(ranges.challengeTimeout),
    gossip.challengeTimeout / 1_000,
    'time to pass the gate'
  ),
  'cache-size': option(integer(ranges.cacheSize), gossip.cacheSize, 'announces remembered'),
  'control-api': {
    kind: endpoint,
    default: undefined,
    help: 'where commands connect, control.sock in data-dir if not set'
  },
  'metrics-api': { kind: hostPort, default: undefined, help: 'Prometheus metrics and health, off if not set' },
  autonat: option(onOff, true, 'ask peers whether they reach this node, and tell them'),
  'relay-client': option(onOff, true, 'connect through relays'),
  relay: option<string[]>(peerAddresses, [], 'a relay through which others reach this node'),
  dcutr: option(onOff, true, 'from a connection through a relay to a direct one'),
  'relay-server': option(onOff, false, 'be a relay for others, which takes bandwidth'),
  upnp: option(onOff, false, 'ask the router to forward the ports'),
  mdns: option(onOff, false, 'find nodes on the local network, and be found'),
  'log-format': option(oneOf<LogFormat>(['text', 'json']), 'text', 'of the lines on stderr'),
  'max-memory': {
    kind: megabytes([192, 2 ** 20]),
    default: undefined,
    help: 'limits of what others can fill fit in it'
  }
} as const

export type OptionKey = keyof typeof options

/** Any of them, where its type does not matter */
export type AnyOption = Option<unknown>

export const optionKeys = Object.keys(options) as OptionKey[]

type ValueOf<O> = O extends { kind: Kind<infer T>; default: infer D }
  ? T | (undefined extends D ? undefined : never)
  : never

/** All options with their values */
export type NodeConfig = { readonly [K in OptionKey]: ValueOf<(typeof options)[K]> }
