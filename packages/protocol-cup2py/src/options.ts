import { LIBRARY_CLOCK_SKEW, engineDefaults } from './constants.ts'
import type { RsaPrivateKey } from '@hearsay/protocol-core'
import type { Millis } from '@hearsay/protocol-core/pure'
import type { AddressBook } from './address-book.ts'
import type { Cup2pyConfig } from './contract.ts'
import type { RecordRouting } from './dht.ts'

/** All options, none missing. @see Cup2pyInit for units and ranges */
export interface Cup2pyOptions extends Cup2pyConfig {
  key: RsaPrivateKey
  addressBook: AddressBook | undefined
  dht: RecordRouting | boolean
  compat: 'none' | 'library'
  knownPeers: readonly string[]
  depth: number
  searchDepth: number
  quietTime: Millis
  republish: boolean
  republishDelay: Millis
  minModulusBits: number
  maxModulusBits: number
  dialTimeout: Millis
  dhtTimeout: Millis
  maxQueuedBytes: number
  maxOpenAsks: number
}

/** Those of all options but `key`, which has none, and `addressBook` and `dht`, which are objects */
export const cup2pyDefaults: Omit<Cup2pyOptions, 'key' | 'addressBook' | 'dht'> = {
  ...engineDefaults,
  compat: 'none',
  knownPeers: [],
  depth: 3,
  searchDepth: 7,
  quietTime: 2_000,
  republish: true,
  republishDelay: 2_000,
  minModulusBits: 2_048,
  maxModulusBits: 4_096,
  dialTimeout: 10_000,
  dhtTimeout: 2_000,
  maxQueuedBytes: 2 ** 20,
  maxOpenAsks: 256
}

/** With the library's clocks, which are local */
export function withCompat(options: Cup2pyOptions): Cup2pyOptions {
  return options.compat === 'library'
    ? { ...options, maxClockSkew: Math.max(options.maxClockSkew, LIBRARY_CLOCK_SKEW) }
    : options
}
