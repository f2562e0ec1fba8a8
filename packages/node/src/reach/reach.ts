/** How others reach a node: over which transports, through which relays, and what it asks of its network and its peers. */
import { autoNAT } from '@libp2p/autonat'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { dcutr } from '@libp2p/dcutr'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { RelayPlaces } from './relay-places.ts'
import type { Libp2pOptions } from 'libp2p'
import type { NodeConfig } from '../config/options.ts'
import type { Log } from '../log.ts'

/** Peers that may be reached through this node, when it is a relay; and connections to them that it opens at once */
const MAX_RELAYED = 64

type Service = (components: never) => unknown

export interface Reach {
  transports: NonNullable<Libp2pOptions['transports']>
  services: Record<string, Service>
  peerDiscovery: NonNullable<Libp2pOptions['peerDiscovery']>
}

/** What is off is not there; what asks the local network is not even loaded */
export async function reachOf(config: NodeConfig, log: Log): Promise<Reach> {
  const usesRelays = config['relay-client']
  return {
    transports: [tcp(), webSockets(), ...(usesRelays ? [circuitRelayTransport()] : [])],
    services: {
      ...(config.autonat && { autonat: autoNAT() }),
      ...(config.dcutr && usesRelays && { dcutr: dcutr() }),
      ...(usesRelays && config.relay.length > 0 && { relayPlaces: relayPlaces(config.relay, log) }),
      ...(config['relay-server'] && { relayServer: relayServer() }),
      ...(config.upnp && { upnp: (await import('@libp2p/upnp-nat')).uPnPNAT() })
    },
    peerDiscovery: config.mdns ? [(await import('./local-peers.ts')).localPeers(log)] : []
  }
}

function relayPlaces(relays: readonly string[], log: Log): Service {
  return (components: ConstructorParameters<typeof RelayPlaces>[1]) => new RelayPlaces(relays, components, log)
}

/** Without libp2p's limits of 128 KiB and 2 min a connection: no protocol of ours would do with them */
function relayServer(): Service {
  return circuitRelayServer({
    maxInboundHopStreams: MAX_RELAYED,
    maxOutboundStopStreams: MAX_RELAYED,
    reservations: { maxReservations: MAX_RELAYED, applyDefaultLimit: false }
  })
}
