import type { Multiaddr } from '@multiformats/multiaddr'
import type { PeerId } from '@libp2p/interface'

/** Where others can dial us: of our addresses the first that is no loopback, else the first; with our peer id */
export function announcedAddress(addresses: readonly Multiaddr[], self: PeerId): string | undefined {
  const texts = addresses.map(String)
  const address = texts.find((text) => !/^\/ip4\/127\.|^\/ip6\/::1\//.test(text)) ?? texts[0]
  return address === undefined || address.includes('/p2p/') ? address : `${address}/p2p/${self.toString()}`
}
