/**
 * Every option of the node, in one place. Its key is the flag (`--min-connections`), the key in a configuration file
 * (`min-connections`) and, in capitals, the environment variable (`HEARSAY_MIN_CONNECTIONS`).
 */
import { cup2pyDefaults, cup2pyRanges } from '@hearsay/protocol-cup2py'
import { gossipDefaults, gossipRanges } from '@hearsay/protocol-gossip'
import { shoutDefaults, shoutRanges } from '@hearsay/protocol-shout'
import envPaths from 'env-paths'
import {
  address,
  addresses,
  endpoint,
  hostPort,
  integer,
  listenAddresses,
  matching,
  megabytes,
  oneOf,
  peerAddresses,
  seconds,
  someOf,
  text,
  toggle
} from './kinds.ts'
import type { DialectName } from '@hearsay/protocol-gossip'
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

/** Each is a protocol of the node, on unless it is turned off */
export const protocolNames = ['gossip', 'cup2py', 'shout', 'dht'] as const
export type ProtocolName = (typeof protocolNames)[number]

export const options = {
  gossip: option(toggle, true, 'announces to everybody, behind a proof of work'),
  cup2py: option(toggle, true, 'records of users, told and found'),
  shout: option(toggle, true, 'signed shouts, sealed whispers, values in a table'),
  dht: option(toggle, true, 'values for other programs'),
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
  dialects: option<DialectName[]>(
    someOf(['gossip', 'gossip-p2p', 'gossip-midterm']),
    [...gossip.dialects],
    'of gossip, the best first'
  ),
  user: option(
    matching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'letters, digits, _, . and -, at most 64', '<name>'),
    'user',
    'which key in users/ of data-dir signs records and messages; made at the first start'
  ),
  'user-passphrase-file': {
    kind: text,
    default: undefined,
    help: 'its first line encrypts the key of the user'
  },
  'cup2py-compat': option(
    oneOf<'none' | 'library'>(['none', 'library']),
    'none',
    'library reads requests as the Python library does'
  ),
  'cup2py-min-key-bits': option(
    integer([1_024, 4_096]),
    cup2pyDefaults.minModulusBits,
    "shortest key of a user; 1024 for the Python library's"
  ),
  'cup2py-max-users': option(integer(cup2pyRanges.maxUsers), cup2pyDefaults.maxUsers, 'users in the address book'),
  'shout-subnet': option(
    matching(/^.{0,1024}$/su, 'a text of at most 1024 characters'),
    shoutDefaults.description,
    'what the subnet is about; nodes that say something else part'
  ),
  'shout-limit': option(integer(shoutRanges.limit), shoutDefaults.limit, 'streams to open and keep, equal in a subnet'),
  'shout-max-values': option(integer(shoutRanges.maxValues), shoutDefaults.maxValues, 'values kept for others'),
  'control-api': {
    kind: endpoint,
    default: undefined,
    help: 'where commands connect, control.sock in data-dir if not set'
  },
  'metrics-api': { kind: hostPort, default: undefined, help: 'Prometheus metrics and health, off if not set' },
  autonat: option(toggle, true, 'ask peers whether they reach this node, and tell them'),
  'relay-client': option(toggle, true, 'connect through relays'),
  relay: option<string[]>(peerAddresses, [], 'a relay through which others reach this node'),
  dcutr: option(toggle, true, 'from a connection through a relay to a direct one'),
  'relay-server': option(toggle, false, 'be a relay for others, which takes bandwidth'),
  upnp: option(toggle, false, 'ask the router to forward the ports'),
  mdns: option(toggle, false, 'find nodes on the local network, and be found'),
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
