/** Hosts with different protocols on them, for what a host costs. Each loads no more than it needs. */
import { createLibp2p } from 'libp2p'
import { hostOptions } from './hosts.ts'
import type { RsaPrivateKey } from '@hearsay/protocol-core'
import type { UserRecord } from '@hearsay/protocol-cup2py'
import type { Libp2p } from '@libp2p/interface'

/** Without proof of work, and content with the peers it is given */
const GOSSIP = { difficultyBits: 0, searchCooldown: 86_400_000 }

export const VARIANTS = ['plain', 'gossipsub', 'gossip', 'hearsay'] as const
export type Variant = (typeof VARIANTS)[number]

export const TOPIC = 'benchmark'
export const DATA_TYPE = 1

export interface Node {
  host: Libp2p
  /** Peers that its protocols are ready to talk to, each by all of them */
  peers(): number
  onPeer(callback: () => void): void
  onDelivery(callback: () => void): void
  publish(data: Uint8Array): void
  /** Makes itself known to a peer by the protocols that need a word for it */
  greet(record: UserRecord | undefined): Promise<void>
  /** What others greet it by */
  record(): Promise<UserRecord | undefined>
}

export interface NodeInit {
  knownPeers?: readonly string[]
  /** For `hearsay`; without one it makes one */
  key?: RsaPrivateKey
  /** How many peers there may be: for shout, a matter of the whole subnet */
  limit?: number
}

export async function createNode(variant: Variant, init: NodeInit = {}): Promise<Node> {
  switch (variant) {
    case 'plain':
      return plainNode()
    case 'gossipsub':
      return gossipsubNode(init)
    case 'gossip':
      return gossipNode(init)
    case 'hearsay':
      return hearsayNode(init)
  }
}

/** What a node without a protocol does: nothing */
const silent = {
  onPeer: () => {},
  onDelivery: () => {},
  publish: () => {},
  greet: async () => {},
  record: async () => undefined
} as const

async function plainNode(): Promise<Node> {
  const host = await createLibp2p(hostOptions())
  return { ...silent, host, peers: () => host.getPeers().length }
}

async function gossipsubNode({ knownPeers = [] }: NodeInit): Promise<Node> {
  const [{ gossipsub }, { identify }, { multiaddr }] = await Promise.all([
    import('@libp2p/gossipsub'),
    import('@libp2p/identify'),
    import('@multiformats/multiaddr')
  ])
  const host = await createLibp2p({
    ...hostOptions(),
    services: { identify: identify(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) }
  })
  const { pubsub } = host.services
  pubsub.subscribe(TOPIC)
  await Promise.all(knownPeers.map(async (address) => host.dial(multiaddr(address))))
  return {
    ...silent,
    host,
    // not its subscribers: with default scores it ignores most of many peers on one address
    peers: () => pubsub.getPeers().length,
    onPeer: (callback) => pubsub.addEventListener('subscription-change', callback),
    onDelivery: (callback) => pubsub.addEventListener('message', callback),
    publish: (data) => void pubsub.publish(TOPIC, data)
  }
}

async function gossipNode({ knownPeers = [], limit = 100 }: NodeInit): Promise<Node> {
  const [{ gossip }, { identify }] = await Promise.all([import('@hearsay/protocol-gossip'), import('@libp2p/identify')])
  const host = await createLibp2p({
    ...hostOptions(),
    services: { identify: identify(), gossip: gossip({ ...GOSSIP, knownPeers, maxConnections: 4 * limit }) }
  })
  const service = host.services.gossip
  service.subscribe(DATA_TYPE, () => true)
  return {
    ...silent,
    host,
    peers: () => service.peers.length,
    onPeer: (callback) => {
      service.addEventListener('peer:verified', callback)
      service.peers.forEach(callback)
    },
    onDelivery: (callback) => service.addEventListener('message', callback),
    publish: (data) => void service.announce(DATA_TYPE, data)
  }
}

/** All protocols on one host */
async function hearsayNode({ key, limit = 100 }: NodeInit): Promise<Node> {
  const [{ gossip }, { shout }, { cup2py, generateUser }, { identify }] = await Promise.all([
    import('@hearsay/protocol-gossip'),
    import('@hearsay/protocol-shout'),
    import('@hearsay/protocol-cup2py'),
    import('@libp2p/identify')
  ])
  const own = key ?? (await generateUser())
  const host = await createLibp2p({
    ...hostOptions(),
    services: {
      identify: identify(),
      gossip: gossip({ ...GOSSIP, maxConnections: 4 * limit, maxUnverified: 2 * limit }),
      shout: shout({ key: own, limit, maxInbound: 2 * limit, listed: false, persistSeen: false }),
      cup2py: cup2py({ key: own, republish: false, maxPeers: 2 * limit })
    }
  })
  const { services } = host
  return {
    ...silent,
    host,
    peers: () => Math.min(services.gossip.peers.length, services.shout.peers.length),
    greet: async (record) => {
      await services.cup2py.add(record!)
      await services.cup2py.publish({ depth: 0 })
    },
    record: async () => (await services.cup2py.publish({ depth: 0 })).record
  }
}
