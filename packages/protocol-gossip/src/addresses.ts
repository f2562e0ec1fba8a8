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
 * @returns a multiaddr that ends in `/p2p/<peer id>`, or undefined when it told us none
 */
export function dialableAddress(connection: Connection, told: readonly Multiaddr[]): string | undefined {
  const { remoteAddr, remotePeer, direction } = connection
  const host = hostOf(remoteAddr)
  const address =
    direction === 'outbound'
      ? remoteAddr
      : (told.find((each) => hostOf(each) === host) ?? told.find((each) => !isLoopback(each)) ?? told[0])

  if (address === undefined) {
    return undefined
  }

  const text = address.toString()
  return component(address, 'p2p') === undefined ? `${text}/p2p/${remotePeer.toString()}` : text
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
