/**
 * The INI files that users of the gossip and DHT modules have: sections `[gossip]` and `[dht]`, and `hostkey` before the
 * first section or in `[global]`. Sections of other modules are none of our business.
 *
 * @see docs/specs/gossip.md#configuration-file
 * @see docs/specs/dht.md#configuration-file
 */
import { isIPv4, isIPv6 } from 'node:net'
import { decode } from 'ini'
import { ConfigError } from '../errors.ts'
import { hostPort } from './kinds.ts'
import { didYouMean } from './nearest.ts'
import { options } from './options.ts'
import type { FileEntry } from './files.ts'
import type { OptionKey } from './options.ts'

/** Keys of a section and the options they are; null is accepted and has no effect */
type SectionKeys = Readonly<Record<string, OptionKey | null>>

const GOSSIP_KEYS: SectionKeys = {
  cache_size: 'cache-size',
  degree: 'degree',
  min_connections: 'min-connections',
  max_connections: 'max-connections',
  search_cooldown: 'search-cooldown',
  discovery_cooldown: 'search-cooldown',
  challenge_cooldown: null,
  challenge_timeout: 'challenge-timeout',
  challenge_difficulty: 'difficulty-bits',
  p2p_address: 'listen',
  listen_address: 'listen',
  api_address: 'gossip-api',
  known_peers: 'peer',
  bootstrapper: 'bootstrapper'
}

/** Kademlia's own numbers are the network's, not a node's; a read does not lengthen a life, as `ttl` had it */
const DHT_KEYS: SectionKeys = {
  api_address: 'dht-api',
  p2p_address: 'listen',
  listen_address: 'listen',
  max_lookup: null,
  alpha: null,
  k: null,
  ttl: null
}

/** The header of a section. The parser takes one that is indented, or has a comment after it, for a key */
const HEADER = /^[ \t]*(\[[^\]\r\n]*\])[ \t]*(?:[;#].*)?$/gm
const OPEN_HEADER = /^[ \t]*(\[[^\]\r\n]*)$/m

const ADDRESS_OPTIONS: ReadonlySet<OptionKey> = new Set(['listen', 'peer', 'bootstrapper'])

/** @throws {ConfigError} on an unknown key in a section of ours */
export function readIni(path: string, content: string): FileEntry[] {
  const { hostkey, global, ...sections } = parse(path, content)
  const key = isSection(global) ? (global['hostkey'] ?? hostkey) : hostkey
  const gossip = readSection(path, 'gossip', sections['gossip'], GOSSIP_KEYS)
  const dht = readSection(path, 'dht', sections['dht'], DHT_KEYS)
  return [
    ...(key === undefined ? [] : [{ name: 'hostkey', key: 'hostkey', value: key } as const]),
    ...gossip,
    ...dht.map((each) => together(gossip, each))
  ]
}

function readSection(path: string, name: string, section: unknown, keys: SectionKeys): FileEntry[] {
  if (section !== undefined && !isSection(section)) {
    throw new ConfigError(`"${name}" in ${path} must be a section, and is a key`)
  }

  return Object.entries(section ?? {}).flatMap(([key, value]) => entry(`[${name}] of ${path}`, keys, key, value))
}

/** Where both sections name addresses, the one node has those of both */
function together(gossip: readonly FileEntry[], ours: FileEntry): FileEntry {
  const theirs = gossip.findLast(({ key }) => key === ours.key)?.value
  const isList = options[ours.key].kind.list && typeof theirs === 'string' && typeof ours.value === 'string'
  return isList ? { ...ours, value: `${theirs},${String(ours.value)}` } : ours
}

function parse(path: string, content: string): Record<string, unknown> {
  const [, open] = OPEN_HEADER.exec(content) ?? []

  if (open !== undefined) {
    throw new ConfigError(`${path} is not valid INI: "${open}" lacks its closing bracket`)
  }

  try {
    return decode(content.replaceAll(HEADER, '$1'))
  } catch (err) {
    // it stumbles over its own objects, and says nothing of use
    throw new ConfigError(`${path} is not valid INI`, { cause: err })
  }
}

function entry(where: string, keys: SectionKeys, name: string, value: unknown): FileEntry[] {
  const key = Object.hasOwn(keys, name) ? keys[name] : undefined

  if (key === undefined) {
    throw new ConfigError(`unknown key "${name}" in ${where}${didYouMean(name, Object.keys(keys))}`)
  }

  // a key that ends in [] is a list to the parser
  const written = Array.isArray(value) ? value.join() : value
  const isAddress = key !== null && ADDRESS_OPTIONS.has(key) && typeof written === 'string'
  return key === null ? [] : [{ name, key, value: isAddress ? toMultiaddrs(written) : written }]
}

/** `host:port, [::1]:port` as multiaddrs; what is one already, or no address at all, stays as it is */
function toMultiaddrs(text: string): string {
  return text
    .split(',')
    .map((item) => {
      const parsed = hostPort.parse(item.trim())
      return parsed === undefined ? item.trim() : `/${hostProtocol(parsed.host)}/${parsed.host}/tcp/${parsed.port}`
    })
    .join(',')
}

function hostProtocol(host: string): string {
  return isIPv4(host) ? 'ip4' : isIPv6(host) ? 'ip6' : 'dns'
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
