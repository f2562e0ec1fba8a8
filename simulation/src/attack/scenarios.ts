import { numberOf } from '../swarm/payload.ts'
import { poisoning, replaying, silent } from './disguises.ts'
import { MINUTE } from './lab.ts'
import type { PeerKey } from '@hearsay/protocol-core/pure'
import type { Protocol } from '../network/network.ts'
import type { Lab, Outcome } from './lab.ts'

export interface AttackScenario {
  name: string
  what: string
  /** @default 100 */
  honest?: number
  /** Bytes a second. @default unlimited */
  bandwidth?: number
  play: <T extends Protocol>(lab: Lab<T>) => Outcome
}

const SYBILS = 400
const PUBLISHERS = 10

/** The scenarios of the gossipsub hardening work, by their names, and ours. */
export const scenarios: readonly AttackScenario[] = [
  {
    name: 'baseline',
    what: 'nobody attacks',
    play: (lab) => {
      lab.settle(5)
      return lab.measure()
    }
  },
  {
    name: 'eclipse one',
    what: '400 Sybils surround one node and pass nothing on',
    play: (lab) => surround(lab, lab.settle().slice(0, 1))
  },
  {
    name: 'eclipse network',
    what: '400 Sybils dial everybody and pass nothing on',
    play: (lab) => {
      lab.settle()
      lab.sybils(SYBILS, { disguise: silent(lab.spreading) })
      lab.pass(2)
      return lab.measure()
    }
  },
  {
    name: 'eclipse publishers',
    what: '400 Sybils surround the ten nodes that publish and pass nothing on',
    play: (lab) => {
      const publishers = lab.settle().slice(0, PUBLISHERS)
      lab.sybils(SYBILS, { targets: publishers, disguise: silent(lab.spreading) })
      lab.pass(2)
      return lab.measure(undefined, publishers)
    }
  },
  {
    name: 'censor one',
    what: '400 Sybils everywhere pass on everything but what one node publishes',
    play: (lab) => {
      const [victim] = lab.settle() as [PeerKey]
      lab.sybils(SYBILS, { disguise: silent(lab.spreading, (payload) => numberOf(payload) % 2 === 0) })
      lab.pass(2)
      return lab.measure(undefined, [victim])
    }
  },
  {
    name: 'degrade',
    what: '400 Sybils everywhere pass on half of what they get',
    play: (lab) => {
      lab.settle()
      const { random } = lab.swarm.network
      lab.sybils(SYBILS, { disguise: silent(lab.spreading, () => random.below(2) === 0) })
      lab.pass(2)
      return lab.measure()
    }
  },
  {
    name: 'cold boot',
    what: '400 Sybils are there from the first moment and pass nothing on',
    play: (lab) => {
      const names = lab.swarm.joinTogether(lab.config.honest, MINUTE / 2)
      lab.sybils(SYBILS, { targets: names, disguise: silent(lab.spreading) })
      lab.pass(2)
      return lab.measure()
    }
  },
  {
    name: 'covert flash',
    what: '400 Sybils behave for three minutes, and then all stop passing on',
    play: (lab) => {
      let isTime = false
      lab.settle()
      lab.sybils(SYBILS, { disguise: silent(lab.spreading, () => isTime) })
      lab.swarm.publishEvenly(50, 3 * MINUTE, 0)
      isTime = true
      return lab.measure()
    }
  },
  {
    name: 'attack at dawn',
    what: '400 Sybils wait in a small network; seventy of a hundred nodes come in the morning',
    play: (lab) => {
      const { honest } = lab.config
      lab.settle(3, Math.round(0.3 * honest))
      lab.sybils(SYBILS, { disguise: silent(lab.spreading) })
      lab.pass(2)
      lab.settle(2, honest - Math.round(0.3 * honest))
      return lab.measure()
    }
  },
  {
    name: 'colocation',
    what: '400 Sybils of four address groups dial everybody and pass nothing on',
    play: (lab) => {
      lab.settle()
      lab.sybils(SYBILS, { groups: 4, disguise: silent(lab.spreading) })
      lab.pass(2)
      return lab.measure()
    }
  },
  {
    name: 'Sybil join',
    what: '400 Sybils join like anybody, through three nodes each, and pass nothing on',
    play: (lab) => {
      lab.settle()
      lab.sybils(SYBILS, { each: 3, disguise: silent(lab.spreading) })
      lab.pass(2)
      return lab.measure()
    }
  },
  {
    name: 'table filling',
    what: 'one attacker with 1,000 ids dials one node',
    play: (lab) => surround(lab, lab.settle().slice(0, 1), 1_000)
  },
  {
    name: 'seen-poisoning',
    what: '20 attackers race invalid payloads ahead under the ids of true ones',
    play: (lab) => {
      lab.settle()
      lab.sybils(20, { disguise: poisoning(lab.spreading) })
      lab.pass(2)
      return lab.measure(undefined, undefined, 100)
    }
  },
  {
    name: 'replay',
    what: 'ten attackers send all of the last minute again',
    play: (lab) => {
      let isTime = false
      lab.settle()
      lab.sybils(10, { disguise: replaying(lab.spreading, () => isTime) })
      lab.pass(1)
      lab.swarm.publishEvenly(50, MINUTE, MINUTE / 3)
      isTime = true
      lab.pass(1)
      return lab.outcome()
    }
  },
  {
    name: 'flood',
    what: 'ten attackers publish valid payloads, ten times as many as all others, on links of 1 MB/s',
    bandwidth: 1_000_000,
    play: (lab) => {
      lab.settle()
      const attackers = lab.sybils(10)
      lab.pass(1)

      for (let i = 0; i < 500; i++) {
        const attacker = attackers[i % attackers.length]!
        lab.swarm.network.schedule((i * MINUTE) / 500, () => lab.swarm.spam(attacker, true))
      }

      return lab.measure()
    }
  },
  {
    name: 'ttl-0 storm',
    what: '200 payloads at once, that no hop count ends',
    play: (lab) => {
      lab.settle()
      lab.swarm.publishEvenly(200, 0, MINUTE / 3)
      return lab.outcome()
    }
  }
]

function surround<T extends Protocol>(lab: Lab<T>, victims: PeerKey[], count = SYBILS): Outcome {
  lab.sybils(count, { targets: victims, disguise: silent(lab.spreading) })
  lab.pass(2)
  const others = lab.swarm.honest.filter((peer) => !victims.includes(peer))
  return lab.measure(new Set(victims), others)
}
