import type { PeerKey } from '@hearsay/protocol-core/pure'

/** Whom to send away when there are too many: the oldest of the address group that holds most. Oldest first, please. */
export function oldestOfTheCrowd(peers: Iterable<readonly [peer: PeerKey, group: string]>): PeerKey | undefined {
  const groups = new Map<string, PeerKey[]>()

  for (const [peer, group] of peers) {
    const others = groups.get(group)

    if (others === undefined) {
      groups.set(group, [peer])
    } else {
      others.push(peer)
    }
  }

  let most: PeerKey[] = []

  for (const group of groups.values()) {
    most = group.length > most.length ? group : most
  }

  return most[0]
}
