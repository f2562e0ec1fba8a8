/**
 * @packageDocumentation
 *
 * The reference node as a library: what `hearsay start` runs.
 */
export { loadConfig } from './config/load.ts'
export { ConfigError, StartError } from './errors.ts'
export { createNode } from './node.ts'
export type { HostPort } from './config/kinds.ts'
export type { Dht, DhtValue, GetOptions, PutOptions, Receipt } from './dht/index.ts'
export type { ConfigSources } from './config/load.ts'
export type { NodeConfig, OptionKey } from './config/options.ts'
export type { Log } from './log.ts'
export type { HearsayNode, NodeServices } from './node.ts'
