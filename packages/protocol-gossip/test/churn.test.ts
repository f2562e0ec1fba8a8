import { seededRandom } from '@hearsay/protocol-core/pure'
import { afterEach, expect, it, vi } from 'vitest'
import { addressOf, createHost } from './hosts.ts'
import type { GossipHost } from './hosts.ts'

const NODES = 20
const REPLACED = 6 // 30 %
const ROUNDS = 3
const COOLDOWN = 1_000
const MIN = 6
const MAX = 30

const alive: GossipHost[] = []
afterEach(async () => {
  await Promise.all(alive.splice(0).map(async (host) => host.stop()))
})

const random = seededRandom(1)
const peersOf = (host: GossipHost): number => host.services.gossip.peers.length

/** It knows eight of those that are there */
async function join(): Promise<void> {
  const others = alive.map(addressOf)
  const knownPeers = Array.from({ length: Math.min(8, others.length) }, () => others[random.below(others.length)]!)
  const host = await createHost({
    knownPeers: [...new Set(knownPeers)],
    fromConnections: false,
    searchCooldown: COOLDOWN,
    minConnections: MIN,
    maxConnections: MAX
  })
  host.services.gossip.subscribe(7, () => true)
  alive.push(host)
}

/** Until all have between min and max verified peers */
async function settled(): Promise<void> {
  await vi.waitFor(
    () => {
      const counts = alive.map(peersOf)
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(MIN)
      expect(Math.max(...counts)).toBeLessThanOrEqual(MAX)
    },
    { timeout: 30_000, interval: 50 }
  )
}

it('20 real nodes, of which 30 % are replaced in each cooldown, come back to between min and max peers', async () => {
  for (let i = 0; i < NODES; i++) {
    await join()
  }

  await settled()
  let most = 0
  const watch = setInterval(() => (most = Math.max(most, ...alive.map(peersOf))), 20)

  for (let round = 0; round < ROUNDS; round++) {
    const replaced = Array.from({ length: REPLACED }, () => alive.splice(random.below(alive.length), 1)[0]!)
    await Promise.all(replaced.map(async (host) => host.stop()))

    for (let i = 0; i < REPLACED; i++) {
      await join()
    }

    await settled()
  }

  clearInterval(watch)
  expect(most).toBeLessThanOrEqual(MAX)
  const heard = new Set<GossipHost>()
  alive.forEach((host) => host.services.gossip.addEventListener('message', () => heard.add(host)))
  alive[0]!.services.gossip.announce(7, Uint8Array.of(1))
  // each passes it on to four others at random: that it reaches nearly all is the simulation's to show
  await vi.waitFor(() => expect(heard.size).toBeGreaterThan(NODES / 2), 10_000)
}, 120_000)
