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

const ADDRESS_OPTIONS: ReadonlySet<OptionKey> = new Set(['listen', 'peer', 'bootstrapper'])

/** @throws {ConfigError} on an unknown key in a section of ours */
export function readIni(path: string, content: string): FileEntry[] {
  const { hostkey, global, gossip } = decode(content) as Record<string, unknown>
  const key = isSection(global) ? (global['hostkey'] ?? hostkey) : hostkey

  return [
    ...(key === undefined ? [] : [{ name: 'hostkey', key: 'hostkey', value: key } as const]),
    ...(isSection(gossip) ? Object.entries(gossip).flatMap(([name, value]) => entry(path, name, value)) : [])
  ]
}

function entry(path: string, name: string, value: unknown): FileEntry[] {
  const key = GOSSIP_KEYS[name]

  if (key === undefined) {
    throw new ConfigError(`unknown key "${name}" in [gossip] of ${path}${didYouMean(name, Object.keys(GOSSIP_KEYS))}`)
  }

  return key === null ? [] : [{ name, key, value: ADDRESS_OPTIONS.has(key) ? toMultiaddrs(String(value)) : value }]
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
