import { mdns } from '@libp2p/mdns'
import type { PeerDiscovery, PeerId, PeerInfo } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import type { MulticastDNSComponents } from '@libp2p/mdns'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Log } from '../log.ts'

/** Of hearsay nodes, so that those of other networks are not dialled */
const SERVICE_TAG = '_hearsay._udp.local'

/** In ms */
const DIAL_TIMEOUT = 10_000
/** Dials under way; whoever is found beyond is dialled when it is found again, which is every 10 s */
const MAX_DIALS = 8

type Components = MulticastDNSComponents & { connectionManager: ConnectionManager }

/** Finds hearsay nodes on the local network by multicast DNS, and connects to them: libp2p only remembers them. */
export function localPeers(log: Log): (components: Components) => PeerDiscovery {
  return (components) => {
    const discovery = mdns({ serviceTag: SERVICE_TAG })(components)
    let dials = 0
    discovery.addEventListener('peer', ({ detail }) => {
      if (dials < MAX_DIALS) {
        dials++
        void connectTo(detail, components.connectionManager, log).finally(() => dials--)
      }
    })
    return discovery
  }
}

async function connectTo({ id, multiaddrs }: PeerInfo, connections: ConnectionManager, log: Log): Promise<void> {
  if (connections.getConnections(id).length > 0) {
    return
  }

  try {
    await connections.openConnection(
      multiaddrs.map((each) => withPeer(each, id)),
      { signal: AbortSignal.timeout(DIAL_TIMEOUT) }
    )
    log.info(`mdns: connected to ${id.toString()}`)
  } catch {
    // it is found again
  }
}

/** Whoever else listens there is not taken for it */
function withPeer(address: Multiaddr, id: PeerId): Multiaddr {
  const text = address.toString()
  return text.endsWith(`/p2p/${id.toString()}`) ? address : address.encapsulate(`/p2p/${id.toString()}`)
}
