import { shoutRoutes } from '../control/routes/shout.ts'
import { directionOf } from './neighbours.ts'
import type { Shout } from '@hearsay/protocol-shout'
import type { Libp2p } from '@libp2p/interface'
import type { Users } from '../users.ts'
import type { NodeProtocol } from './protocol.ts'

/** Its metrics it registers itself: `hearsay_shout_total` */
export function shoutProtocol(libp2p: Libp2p, shout: Shout, users: Users): NodeProtocol {
  return {
    name: 'shout',
    // alone, it waits for others
    ready: () => true,
    peers: () => shout.peers.map(({ peer }) => ({ peer, direction: directionOf(libp2p, peer) })),
    onRefusal: (callback) =>
      shout.addEventListener('peer:closed', ({ detail }) => {
        // a visit that is over is no offence
        if (detail.reason !== 'idle') {
          callback(detail.peer, detail.reason)
        }
      }),
    routes: () => shoutRoutes(shout, users)
  }
}
