/** What one idle peer takes of an engine. Texts of peer ids, as long as real ones, are included. */
import { Cup2pyEngine, engineDefaults as cup2pyDefaults } from '@hearsay/protocol-cup2py/engine'
import { engineDefaults, GossipEngine } from '@hearsay/protocol-gossip/engine'
import { seededRandom } from '@hearsay/protocol-core/pure'
import { OurShout } from '../swarm/shout.ts'
import { Swarm } from '../swarm/swarm.ts'
import { unannounced } from './shout.ts'
import type { PeerKey } from '@hearsay/protocol-core/pure'
import type { EngineOf } from '../network/network.ts'
import type { ShoutNodeProtocol } from '../swarm/shout.ts'
import type { ProtocolName } from './population.ts'

const PEERS = 10_000
/** Each needs an engine at the other end for its handshake */
const SHOUT_PEERS = 1_000
const PROTOCOL = '/hearsay/gossip/1.0.0'
const COLLECTIONS = 5
const SELF = 'self' as PeerKey

/** Bytes of heap that one idle peer takes in one engine, verified where there is something to verify */
export const idlePeerBytes: Record<ProtocolName, () => number | Promise<number>> = {
  gossip: idleGossipPeer,
  shout: idleShoutPeer,
  cup2py: idleCup2pyPeer
}

/** What the heap and its buffers hold, after as much collection as can be asked for */
export function heldBytes(): number {
  // once is not enough: what is freed first is what kept the rest
  Array.from({ length: COLLECTIONS }, () => globalThis.gc?.())
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const peerAt = (i: number): PeerKey => `12D3KooW${String(i).padStart(44, 'x')}` as PeerKey
const groupAt = (i: number): string => `10.${i >> 8}.${i & 255}.0/24`

function idleGossipPeer(): number {
  const config = { ...engineDefaults, difficultyBits: 0, maxConnections: 4 * PEERS, maxUnverified: PEERS }
  const engine = new GossipEngine({ self: SELF, config, random: seededRandom(1) })
  const before = heldBytes()

  for (let i = 0; i < PEERS; i++) {
    const peer = peerAt(i)
    engine.handle({ type: 'connected', peer, direction: 'inbound', protocol: PROTOCOL, group: groupAt(i) }, 0)
    engine.handle({ type: 'message', peer, message: { type: 'proof', nonce: 0n } }, 0)
  }

  const bytes = (heldBytes() - before) / PEERS
  // used after the measurement, so that it is still there during it
  engine.handle({ type: 'disconnected', peer: SELF }, 0)
  return bytes
}

function idleCup2pyPeer(): number {
  const config = { ...cup2pyDefaults, maxPeers: PEERS }
  const engine = new Cup2pyEngine({ self: SELF, user: '0'.repeat(64), config, random: seededRandom(1) })
  const before = heldBytes()

  for (let i = 0; i < PEERS; i++) {
    engine.handle(
      { type: 'connected', peer: peerAt(i), direction: 'inbound', protocol: PROTOCOL, group: groupAt(i) },
      0
    )
  }

  const bytes = (heldBytes() - before) / PEERS
  engine.handle({ type: 'disconnected', peer: SELF }, 0)
  return bytes
}

/** A hub of a star whose network is forgotten: what is left is the hub, with its peers or without any */
async function idleShoutPeer(): Promise<number> {
  // the first makes what all share
  await hubBytes(1)
  const small = await hubBytes(1)
  return ((await hubBytes(SHOUT_PEERS)) - small) / (SHOUT_PEERS - 1)
}

async function hubBytes(peers: number): Promise<number> {
  const before = heldBytes()
  const hub = createHub(peers)
  // what was looked at in this turn is held until it ends
  await new Promise((resolve) => setImmediate(resolve))
  const bytes = heldBytes() - before
  hub.handle({ type: 'disconnected', peer: SELF }, 0)
  return bytes
}

function createHub(peers: number): EngineOf<ShoutNodeProtocol> {
  const swarm = new Swarm<ShoutNodeProtocol>(new OurShout({ maxInbound: 4 * peers, autoDial: false }), {
    seed: 1,
    latency: [10, 10],
    knownPeers: 0
  })
  let hub: EngineOf<ShoutNodeProtocol> | undefined
  const name = swarm.join({
    known: [],
    disguise: (engine, self) => {
      hub = engine
      return unannounced(engine, self)
    }
  })

  for (let i = 0; i < peers; i++) {
    swarm.join({ known: [name], disguise: unannounced })
  }

  swarm.network.run(5_000)
  return hub!
}
