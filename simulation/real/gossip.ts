import { gossip } from '@hearsay/protocol-gossip'
import { OurGossip } from '../src/swarm/gossip.ts'
import { Swarm } from '../src/swarm/swarm.ts'
import { counted, Counters, NODES, until, untilQuiet, withHosts } from './hosts.ts'
import type { Gossip } from '@hearsay/protocol-gossip'
import type { Libp2p } from '@libp2p/interface'
import type { GossipProtocol } from '../src/swarm/gossip.ts'

export interface GossipFigures {
  /** Deliveries over those that were possible */
  coverage: number
  /** Announces received for each that was new */
  copies: number
}

const DEGREE = 6
const KNOWN = 3
const ANNOUNCES = 50
const DATA_TYPE = 1
const PAYLOAD_BYTES = 100

interface Services {
  gossip: Gossip
  [name: string]: unknown
}

/** Twenty engines on the virtual network, each knowing those before it, as the real ones do */
export function simulatedGossip(seed: number): GossipFigures {
  const swarm = new Swarm<GossipProtocol>(new OurGossip({ degree: DEGREE }), {
    seed,
    latency: [0.1, 1],
    knownPeers: KNOWN,
    payloadBytes: PAYLOAD_BYTES
  })
  const names = Array.from({ length: NODES }, () => swarm.reserve())
  names.forEach((name, i) => swarm.join({ known: names.slice(Math.max(0, i - KNOWN), i) }, name))
  swarm.network.run(5 * 60_000)
  swarm.publishEvenly(ANNOUNCES, 60_000, 10_000)
  const { delivery, duplicates } = swarm.measures()
  return { coverage: delivery, copies: 1 + duplicates }
}

/** Twenty real nodes */
export async function realGossip(): Promise<GossipFigures> {
  const counters = new Counters()
  const known: string[] = []
  const services = (): { gossip: (components: Parameters<ReturnType<typeof gossip>>[0]) => Gossip } => {
    const init = { degree: DEGREE, difficultyBits: 4, searchCooldown: 2_000, knownPeers: known.slice(-KNOWN) }
    return { gossip: (components) => gossip(init)(counted(components, counters)) }
  }
  const hosts: Libp2p<Services>[] = []
  return withHosts<Services, GossipFigures>(
    () => services(),
    async () => spread(hosts, counters),
    (host) => {
      hosts.push(host)
      known.push(host.getMultiaddrs()[0]!.toString())
    }
  )
}

async function spread(hosts: Libp2p<Services>[], counters: Counters): Promise<GossipFigures> {
  let delivered = 0

  for (const { services } of hosts) {
    services.gossip.subscribe(DATA_TYPE, () => true)
    services.gossip.addEventListener('message', () => delivered++)
  }

  await until('six neighbours for all', () => hosts.every(({ services }) => services.gossip.peers.length >= DEGREE))
  const before = counters.of('received')

  for (let i = 0; i < ANNOUNCES; i++) {
    const data = new Uint8Array(PAYLOAD_BYTES)
    data[0] = i
    hosts[i % hosts.length]!.services.gossip.announce(DATA_TYPE, data)
  }

  await untilQuiet(() => counters.of('received'))
  return {
    coverage: delivered / (ANNOUNCES * (hosts.length - 1)),
    copies: (counters.of('received') - before) / delivered
  }
}
