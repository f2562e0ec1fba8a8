import { flooding } from '../baselines/flooding.ts'
import { gossipsub } from '../baselines/gossipsub.ts'
import { writtenGossip } from '../baselines/written-gossip.ts'
import { OurGossip } from '../swarm/gossip.ts'
import { OurShout } from '../swarm/shout.ts'
import { Lab } from './lab.ts'
import type { Protocol } from '../network/network.ts'
import type { Spreading } from '../swarm/spreading.ts'
import type { LabConfig, Outcome } from './lab.ts'
import type { AttackScenario } from './scenarios.ts'

/** One protocol in the lab */
export interface Contestant {
  name: string
  play: (scenario: AttackScenario, seed: number) => Outcome
}

/** For networks that may be attacked: twice the default degree. @see docs/simulation.md#the-attack-lab */
export const HARDENED = { degree: 8, minConnections: 8 } as const
export const hardened: Contestant = contestant(new OurGossip(HARDENED, 0, 'hearsay, degree 8'))

/**
 * SHOUT tells everybody of each node that comes, so a network of 500 costs millions of messages: it is attacked by a
 * quarter of the Sybils. It has no gate that would cost them more.
 */
export const shouting: Contestant = contestant(new OurShout(), { maxSybils: 100, maxMessages: 4_000_000 })

/** Ours, gossip twice, and what they are compared with */
export const contestants: readonly Contestant[] = [
  hardened,
  contestant(new OurGossip({}, 0, 'hearsay, defaults')),
  shouting,
  contestant(writtenGossip),
  contestant(flooding),
  contestant(gossipsub)
]

function contestant<T extends Protocol>(spreading: Spreading<T>, special: Partial<LabConfig> = {}): Contestant {
  return {
    name: spreading.name,
    play: (scenario, seed) => {
      const { honest = 100, bandwidth } = scenario
      const limits = bandwidth === undefined ? {} : { bandwidth }
      return scenario.play(new Lab(spreading, { seed, honest, ...limits, ...special }))
    }
  }
}
