import { BOOK_PROTOCOL, PROTOCOL } from '@hearsay/protocol-cup2py'
import { multiaddr } from '@multiformats/multiaddr'
import { cup2pyRoutes } from '../control/routes/cup2py.ts'
import { neighbours } from './neighbours.ts'
import type { Cup2py } from '@hearsay/protocol-cup2py'
import type { Libp2p } from '@libp2p/interface'
import type { Log } from '../log.ts'
import type { Users } from '../users.ts'
import type { NodeProtocol } from './protocol.ts'

/** Its metrics it registers itself: `hearsay_cup2py_…` */
export async function cup2pyProtocol(libp2p: Libp2p, cup2py: Cup2py, users: Users): Promise<NodeProtocol> {
  return {
    name: 'cup2py',
    // alone, it waits for others
    ready: () => true,
    peers: await neighbours(libp2p, PROTOCOL),
    onRefusal: (callback) =>
      cup2py.addEventListener('peer:closed', ({ detail }) => {
        // silence costs a peer nothing
        if (detail.reason !== 'idle') {
          callback(detail.peer, detail.reason)
        }
      }),
    routes: () => cup2pyRoutes(cup2py, users)
  }
}

/**
 * While the address book is empty, whoever connects is asked for a sample of theirs, and told our record: whoever came
 * first, and whoever was there already, then know each other.
 */
export async function meetFirstUsers(libp2p: Libp2p, cup2py: Cup2py, log: Log): Promise<void> {
  let isAsking = false

  const ask = async (peer: string): Promise<void> => {
    isAsking = true

    try {
      if ((await cup2py.bootstrap(multiaddr(`/p2p/${peer}`))) > 0) {
        const { users } = await cup2py.publish()
        log.info(`cup2py: users known through ${peer}: ${cup2py.users}; told where we are: ${users}`)
      }
    } catch {
      // it gives no sample now: the next one may
    } finally {
      isAsking = false
    }
  }

  await libp2p.register(BOOK_PROTOCOL, {
    onConnect: (peerId) => {
      if (cup2py.users === 0 && !isAsking) {
        void ask(peerId.toString())
      }
    }
  })
}
