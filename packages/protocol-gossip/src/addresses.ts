import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** The TCP port of the first address that has one, else 0 */
export function listeningPort(addresses: readonly Multiaddr[]): number {
  for (const address of addresses) {
    const port = component(address, 'tcp')

    if (port !== undefined) {
      return Number(port)
    }
  }

  return 0
}

/**
 * Where others can dial a connected peer: where we dialled it, or of the addresses it told us the one on the host it
 * connected from, or else the first that is no loopback.
 *
 * @returns a multiaddr that ends in `/p2p/<its peer id>`, or undefined when it told us none that could
 */
export function dialableAddress(connection: Connection, told: readonly Multiaddr[]): string | undefined {
  const { remoteAddr, remotePeer, direction } = connection
  const host = hostOf(remoteAddr)
  const peer = remotePeer.toString()
  const usable = (direction === 'outbound' ? [remoteAddr] : told).filter((each) =>
    [peer, undefined].includes(peerIn(each))
  )
  const address = usable.find((each) => hostOf(each) === host) ?? usable.find((each) => !isLoopback(each)) ?? usable[0]

  if (address === undefined) {
    return undefined
  }

  return peerIn(address) === peer ? address.toString() : `${address.toString()}/p2p/${peer}`
}

/** The peer it ends in, if it does; what stands before a relay's `/p2p-circuit` is another's */
function peerIn(address: Multiaddr): string | undefined {
  const last = address.getComponents().at(-1)
  return last?.name === 'p2p' ? last.value : undefined
}

function hostOf(address: Multiaddr): string | undefined {
  return component(address, 'ip4') ?? component(address, 'ip6')
}

function isLoopback(address: Multiaddr): boolean {
  const host = hostOf(address)
  return host === '::1' || host?.startsWith('127.') === true
}

function component(address: Multiaddr, wanted: string): string | undefined {
  return address.getComponents().find(({ name }) => name === wanted)?.value
}
