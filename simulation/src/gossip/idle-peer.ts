import { engineDefaults, GossipEngine } from '@hearsay/protocol-gossip/engine'
import { seededRandom } from '@hearsay/protocol-core/pure'
import type { PeerKey } from '@hearsay/protocol-core/pure'

const PEERS = 20_000
const PROTOCOL = '/hearsay/gossip/1.0.0'

/**
 * Bytes of heap that one verified, idle peer takes in one engine: an engine with twenty thousand of them, less one with
 * none. The texts of their peer ids, as long as real ones, are included.
 */
export function measureIdlePeer(): number {
  const config = { ...engineDefaults, difficultyBits: 0, maxConnections: 4 * PEERS, maxUnverified: PEERS }
  const engine = new GossipEngine({ self: 'self' as PeerKey, config, random: seededRandom(1) })
  const before = heldBytes()

  for (let i = 0; i < PEERS; i++) {
    const peer = `12D3KooW${String(i).padStart(44, 'x')}` as PeerKey
    const group = `10.${i >> 8}.${i & 255}.0/24`
    engine.handle({ type: 'connected', peer, direction: 'inbound', protocol: PROTOCOL, group }, 0)
    engine.handle({ type: 'message', peer, message: { type: 'proof', nonce: 0n } }, 0)
  }

  const bytes = (heldBytes() - before) / PEERS
  // used after the measurement, so that it is still there during it
  engine.handle({ type: 'disconnected', peer: 'self' as PeerKey }, 0)
  return bytes
}

/** What the heap and its buffers hold, after as much collection as can be asked for */
export function heldBytes(): number {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
