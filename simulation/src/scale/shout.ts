import { decodeMessages } from '@hearsay/protocol-shout/codec'
import { Opcode } from '@hearsay/protocol-shout/engine'
import { BITS } from '../shout-crypto.ts'
import { OurShout } from '../swarm/shout.ts'
import { Swarm } from '../swarm/swarm.ts'
import type { PeerKey } from '@hearsay/protocol-core/pure'
import type { EffectOf } from '../network/network.ts'
import type { Disguise } from '../attack/disguises.ts'
import type { ShoutNodeProtocol } from '../swarm/shout.ts'
import type { Population } from './population.ts'

/** Streams that each node opens */
export const LIMIT = 2
const SHOUTS = 5
/** So that nobody is dialled before it is there */
const JOIN_WITHIN = 60_000

type Effects = EffectOf<ShoutNodeProtocol>[]

/**
 * Every node connects to two that came before it, and five shout. Nobody announces itself: each ANNOUNCE goes to all, so
 * that those of all nodes cost the square of their number.
 */
export function shoutPopulation(nodes: number, seed: number): Population {
  const swarm = new Swarm<ShoutNodeProtocol>(new OurShout({ limit: LIMIT, maxInbound: 200, autoDial: false }), {
    seed,
    latency: [10, 120],
    jitter: 20,
    loss: 0.001,
    knownPeers: LIMIT
  })
  const { network } = swarm
  const names: PeerKey[] = []

  for (let i = 0; i < nodes; i++) {
    network.schedule((i * JOIN_WITHIN) / nodes, () => {
      const known = new Set<PeerKey>()

      while (known.size < Math.min(LIMIT, names.length)) {
        known.add(names[network.random.below(names.length)]!)
      }

      names.push(swarm.join({ known: [...known], disguise: unannounced }))
    })
  }

  network.run(JOIN_WITHIN + 20_000)
  return {
    get messages() {
      return network.messages
    },
    get nodes() {
      return network.size
    },
    spread: () => {
      swarm.publishEvenly(SHOUTS, 5_000, 15_000)
      return swarm.measures()
    }
  }
}

/** As it is, but for the ANNOUNCEs it would send */
export const unannounced: Disguise<ShoutNodeProtocol> = (engine) => ({
  handle: (input, now): Effects => engine.handle(input, now).filter((effect) => !isAnnounce(effect))
})

function isAnnounce(effect: Effects[number]): boolean {
  return effect.type === 'send' && decodeMessages(effect.message.body, BITS)[0]!.opcode === Opcode.ANNOUNCE
}
