/**
 * The INI files that users of the gossip module have: section `[gossip]`, and `hostkey` before the first section or in
 * `[global]`. Sections of other modules are none of our business.
 *
 * @see docs/specs/gossip.md#configuration-file
 */
import { isIPv4, isIPv6 } from 'node:net'
import { decode } from 'ini'
import { ConfigError } from '../errors.ts'
import { hostPort } from './kinds.ts'
import { didYouMean } from './nearest.ts'
import type { FileEntry } from './files.ts'
import type { OptionKey } from './options.ts'

/** Keys of `[gossip]` and the options they are; null is accepted and has no effect */
const GOSSIP_KEYS: Readonly<Record<string, OptionKey | null>> = {
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

/** The header of a section. The parser takes one that is indented, or has a comment after it, for a key */
const HEADER = /^[ \t]*(\[[^\]\r\n]*\])[ \t]*(?:[;#].*)?$/gm
const OPEN_HEADER = /^[ \t]*(\[[^\]\r\n]*)$/m

const ADDRESS_OPTIONS: ReadonlySet<OptionKey> = new Set(['listen', 'peer', 'bootstrapper'])

/** @throws {ConfigError} on an unknown key in a section of ours */
export function readIni(path: string, content: string): FileEntry[] {
  const { hostkey, global, gossip } = parse(path, content)
  const key = isSection(global) ? (global['hostkey'] ?? hostkey) : hostkey

  if (gossip !== undefined && !isSection(gossip)) {
    throw new ConfigError(`"gossip" in ${path} must be a section, and is a key`)
  }

  return [
    ...(key === undefined ? [] : [{ name: 'hostkey', key: 'hostkey', value: key } as const]),
    ...Object.entries(gossip ?? {}).flatMap(([name, value]) => entry(path, name, value))
  ]
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

function entry(path: string, name: string, value: unknown): FileEntry[] {
  const key = Object.hasOwn(GOSSIP_KEYS, name) ? GOSSIP_KEYS[name] : undefined

  if (key === undefined) {
    throw new ConfigError(`unknown key "${name}" in [gossip] of ${path}${didYouMean(name, Object.keys(GOSSIP_KEYS))}`)
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
