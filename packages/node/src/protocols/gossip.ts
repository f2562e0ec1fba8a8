import { gossipRoutes } from '../control/routes/gossip.ts'
import type { Gossip } from '@hearsay/protocol-gossip'
import type { NodeProtocol } from './protocol.ts'

export function gossipProtocol(gossip: Gossip): NodeProtocol {
  return {
    name: 'gossip',
    ready: () => gossip.ready,
    peers: () => gossip.peers,
    onRefusal: (callback) =>
      gossip.addEventListener('peer:closed', ({ detail }) => callback(detail.peer, detail.reason)),
    routes: () => gossipRoutes(gossip)
  }
}
