/**
 * @packageDocumentation
 *
 * What a scenario of one's own needs. @see docs/simulation.md
 */
export { flooding } from './baselines/flooding.ts'
export { gossipsub } from './baselines/gossipsub.ts'
export { writtenGossip } from './baselines/written-gossip.ts'
export { churn } from './network/churn.ts'
export { plot } from './report/plot.ts'
export { table } from './report/table.ts'
export { OurGossip } from './swarm/gossip.ts'
export { Swarm } from './swarm/swarm.ts'
export { VirtualNetwork } from './network/network.ts'
export type { LinkConfig } from './network/links.ts'
export type { Adapter, NetworkConfig } from './network/network.ts'
export type { Measures } from './swarm/measures.ts'
export type { JoinOptions, SwarmConfig } from './swarm/swarm.ts'
export type { Spreading } from './swarm/spreading.ts'
