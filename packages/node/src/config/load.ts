import { gossip } from '@hearsay/protocol-gossip'
import { shout } from '@hearsay/protocol-shout'
import { ConfigError } from '../errors.ts'
import { limitsOf } from '../limits.ts'
import { readBootstrapList } from './bootstrap-list.ts'
import { readConfigFile } from './files.ts'
import { didYouMean } from './nearest.ts'
import { optionKeys, options, protocolNames } from './options.ts'
import type { Cup2pyInit } from '@hearsay/protocol-cup2py'
import type { GossipInit } from '@hearsay/protocol-gossip'
import type { ShoutInit } from '@hearsay/protocol-shout'
import type { Limits } from '../limits.ts'
import type { UserKeyInit } from '../user-key.ts'
import type { NodeConfig, OptionKey } from './options.ts'

export interface ConfigSources {
  /** By option; lists are arrays */
  flags: Partial<Record<OptionKey, unknown>>
  env: Readonly<Record<string, string | undefined>>
  /** A path */
  file?: string | undefined
}

const ENV_PREFIX = 'HEARSAY_'

/** Set for the workspace's own tests, not for the node */
const NOT_OPTIONS: ReadonlySet<string> = new Set(['HEARSAY_REQUIRE_BROWSER'])

/** `HEARSAY_MIN_CONNECTIONS` for `min-connections`: one rule for all keys */
export function environmentName(key: string): string {
  return ENV_PREFIX + key.replaceAll('-', '_').toUpperCase()
}

/** All options, and where each value comes from: a flag, a variable, a key in a file, or `default` */
export interface ExplainedConfig {
  config: NodeConfig
  origins: Readonly<Record<OptionKey, string>>
}

/**
 * Flags over environment over file over defaults.
 *
 * @throws {ConfigError} on an unknown key or a value that is not allowed
 */
export function loadConfig(sources: ConfigSources): NodeConfig {
  return explainConfig(sources).config
}

/** @throws {ConfigError} as `loadConfig` does */
export function explainConfig({ flags, env, file }: ConfigSources): ExplainedConfig {
  const config: Partial<Record<OptionKey, unknown>> = {}
  const origins: Partial<Record<OptionKey, string>> = {}
  const set = (key: OptionKey, value: unknown, name: string): void => {
    config[key] = parse(key, value, name)
    origins[key] = name
  }

  for (const key of optionKeys) {
    config[key] = options[key].default
    origins[key] = 'default'
  }

  for (const { key, name, value } of file === undefined ? [] : readConfigFile(file)) {
    set(key, value, `${name} in ${file}`)
  }

  for (const [key, name, value] of environment(env)) {
    set(key, value, name)
  }

  for (const [key, value] of Object.entries(flags)) {
    const known = optionKeys.find((each) => each === key)

    if (known === undefined) {
      throw new ConfigError(`unknown option --${key}${didYouMean(key, optionKeys)}`)
    } else if (value !== undefined) {
      set(known, value, `--${key}`)
    }
  }

  const merged = Object.freeze(config) as NodeConfig
  checkTogether(merged)
  return { config: merged, origins: origins as ExplainedConfig['origins'] }
}

/** @throws {ConfigError} when its connections do not fit in its memory */
export function limitsOfConfig(config: NodeConfig): Limits {
  return limitsOf(config)
}

/** @throws {ConfigError} when there is a list, and it cannot be read or has a line that is no multiaddr */
export function knownPeers({ peer, 'bootstrap-list': list }: NodeConfig): string[] {
  return list === undefined ? peer : [...new Set([...peer, ...readBootstrapList(list)])]
}

/** What the gossip service is told */
export function gossipInit(config: NodeConfig): GossipInit {
  return {
    ...limitsOfConfig(config).gossip,
    dialects: config.dialects,
    difficultyBits: config['difficulty-bits'],
    minConnections: config['min-connections'],
    maxConnections: config['max-connections'],
    degree: config.degree,
    searchCooldown: config['search-cooldown'] * 1_000,
    challengeTimeout: config['challenge-timeout'] * 1_000,
    knownPeers: knownPeers(config),
    bootstrapper: config.bootstrapper,
    // the operator's peers are the topology, not those the DHT connects to; unless the local network is to be it
    fromConnections: config.mdns
  }
}

/** Which key the user has */
export function userKeyInit(config: NodeConfig): UserKeyInit {
  const { 'data-dir': dataDir, user: name, 'user-passphrase-file': passphraseFile } = config
  return { dataDir, name, passphraseFile, limits: { minBits: config['cup2py-min-key-bits'], maxBits: 4_096 } }
}

/** What the cup2py service is told, but for its key and its book */
export function cup2pyInit(config: NodeConfig): Omit<Cup2pyInit, 'key'> {
  return {
    ...limitsOfConfig(config).cup2py,
    compat: config['cup2py-compat'],
    minModulusBits: config['cup2py-min-key-bits'],
    knownPeers: knownPeers(config)
  }
}

/** What the shout service is told, but for its key */
export function shoutInit(config: NodeConfig): ShoutInit {
  return {
    ...limitsOfConfig(config).shout,
    description: config['shout-subnet'],
    limit: config['shout-limit']
  }
}

function parse(key: OptionKey, value: unknown, name: string): unknown {
  const { kind } = options[key]
  const parsed = kind.parse(value)

  if (parsed === undefined) {
    throw new ConfigError(`${name} must be ${kind.allowed}, and is ${quote(value)}`)
  }

  return parsed
}

/** As a file would have it, whatever it is */
function quote(value: unknown): string {
  try {
    return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value)
  } catch {
    return typeof value
  }
}

/** Variables with our prefix; one that is no option is a mistake, as in a file */
function environment(env: ConfigSources['env']): [OptionKey, string, string][] {
  const names = new Map(optionKeys.map((key) => [environmentName(key), key]))

  return Object.entries(env).flatMap(([name, value]) => {
    const key = names.get(name)

    if (!name.startsWith(ENV_PREFIX) || NOT_OPTIONS.has(name) || value === undefined) {
      return []
    } else if (key === undefined) {
      throw new ConfigError(`unknown environment variable ${name}${didYouMean(name, [...names.keys()])}`)
    }

    return [[key, name, value]]
  })
}

/** The service knows which options depend on each other; a person knows them by the names of the flags */
function checkTogether(config: NodeConfig): void {
  if (protocolNames.every((name) => !config[name])) {
    throw new ConfigError(`a node needs a protocol: one of ${protocolNames.join(', ')} must be on`)
  }

  try {
    gossip(gossipInit(config))
    shout(shoutInit(config))
  } catch (err) {
    if (err instanceof ConfigError) {
      throw err
    }

    const message = (err as Error).message.replaceAll(/[a-z]+[A-Z]\w*|^limit\b/g, flagName)
    throw new ConfigError(message, { cause: err })
  }
}

/** `min-connections` for `minConnections` */
function flagName(name: string): string {
  return name === 'limit' ? 'shout-limit' : name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
