import type { Libp2p } from '@libp2p/interface'
import type { ProtocolPeer } from './protocol.ts'

/**
 * Those who are connected and say that they speak a protocol, for services that do not tell their peers.
 *
 * @returns who they are now
 */
export async function neighbours(libp2p: Libp2p, protocol: string): Promise<() => readonly ProtocolPeer[]> {
  /** By peer id. BOUNDED by libp2p's connections */
  const known = new Map<string, ProtocolPeer>()
  await libp2p.register(protocol, {
    notifyOnLimitedConnection: true,
    onConnect: (peerId, { direction }) => void known.set(peerId.toString(), { peer: peerId.toString(), direction }),
    onDisconnect: (peerId) => void known.delete(peerId.toString())
  })
  return () => [...known.values()]
}

/** In which direction a peer's connection was made */
export function directionOf(libp2p: Libp2p, peer: string): ProtocolPeer['direction'] {
  const connection = libp2p.getConnections().find(({ remotePeer }) => remotePeer.toString() === peer)
  return connection?.direction ?? 'inbound'
}
