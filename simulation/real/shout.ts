import { generateRsaKey } from '@hearsay/protocol-core'
import { shout } from '@hearsay/protocol-shout'
import { seededRandom } from '@hearsay/protocol-core/pure'
import { limited } from '../src/shout/connections.ts'
import { broadcast, formulas } from '../src/shout/broadcast.ts'
import { counted, Counters, NODES, until, untilQuiet, withHosts } from './hosts.ts'
import type { RsaPrivateKey } from '@hearsay/protocol-core'
import type { Shout } from '@hearsay/protocol-shout'
import type { Libp2p } from '@libp2p/interface'

export interface ShoutFigures {
  /** Of one SHOUT */
  messages: number
}

export const LIMIT = 2
const SHOUTS = 5

interface Services {
  shout: Shout
  [name: string]: unknown
}

const graph = (seed: number): ReturnType<typeof limited> => limited(NODES, LIMIT, seededRandom(seed))

export const formula = (): number => formulas.limitedMessages(NODES, LIMIT)

export function simulatedShout(seed: number): ShoutFigures {
  return { messages: broadcast(graph(seed), 0).messages }
}

/** The same graph of real streams */
export async function realShout(seed: number): Promise<ShoutFigures> {
  const counters = new Counters()
  const keys: RsaPrivateKey[] = []

  for (let i = 0; i < NODES; i++) {
    keys.push(await generateRsaKey(2_048))
  }

  return withHosts<Services, ShoutFigures>(
    (i) => ({
      shout: (components: Parameters<ReturnType<typeof shout>>[0]) => {
        const init = { key: keys[i]!, limit: LIMIT, autoDial: false, listed: false }
        return shout(init)(counted(components, counters))
      }
    }),
    async (hosts) => measure(hosts, counters, graph(seed).initiated)
  )
}

async function measure(
  hosts: Libp2p<Services>[],
  counters: Counters,
  edges: readonly (readonly [number, number])[]
): Promise<ShoutFigures> {
  let heard = 0
  hosts.forEach(({ services }) => services.shout.addEventListener('shout', () => heard++))

  for (const [from, to] of edges) {
    await hosts[from]!.dial(hosts[to]!.getMultiaddrs())
  }

  const peers = (): number => hosts.reduce((sum, { services }) => sum + services.shout.peers.length, 0)
  await until('all streams', () => peers() === 2 * edges.length)

  for (let i = 0; i < SHOUTS; i++) {
    await hosts[i % NODES]!.services.shout.shout(i)
  }

  await until('all shouts heard', () => heard === SHOUTS * (NODES - 1))
  await untilQuiet(() => counters.of('sent: SHOUT'))
  return { messages: counters.of('sent: SHOUT') / SHOUTS }
}
