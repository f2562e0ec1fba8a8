import { seededRandom } from '@hearsay/protocol-core/pure'
import { afterEach, expect, it, vi } from 'vitest'
import { addressOf, createHost } from './hosts.ts'
import type { GossipHost } from './hosts.ts'

const NODES = 20
const REPLACED = 6 // 30 %
const COOLDOWNS = Number(process.env['CHURN_COOLDOWNS'] ?? 3)
/** In ms. With less than 10,000, what counts is how fast this machine is: then the share of the time is only told */
const COOLDOWN = Number(process.env['CHURN_COOLDOWN'] ?? 1_000)
const MIN = 6
const MAX = 30

const alive: GossipHost[] = []
afterEach(async () => {
  await Promise.all(alive.splice(0).map(async (host) => host.stop()))
})

const random = seededRandom(1)
const peersOf = (host: GossipHost): number => host.services.gossip.peers.length

/** It knows three of those that are there, and the first, which stays, as its bootstrapper */
async function join(): Promise<void> {
  const others = alive.map(addressOf)
  const knownPeers = Array.from({ length: Math.min(3, others.length) }, () => others[random.below(others.length)]!)
  const host = await createHost({
    knownPeers: [...new Set(knownPeers)],
    bootstrapper: others[0],
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

/** Of the looks at nodes that are past their first search, how many found from min to max peers */
class Watch {
  private readonly joinedAt = new Map<GossipHost, number>()
  private readonly timer = setInterval(() => this.look(), 50)
  private looks = 0
  private connected = 0
  most = 0

  get share(): number {
    return this.connected / this.looks
  }

  stop(): void {
    clearInterval(this.timer)
  }

  private look(): void {
    const now = performance.now()

    for (const host of alive) {
      const joinedAt = this.joinedAt.get(host) ?? now
      const peers = peersOf(host)
      this.joinedAt.set(host, joinedAt)
      this.most = Math.max(this.most, peers)

      if (now - joinedAt > COOLDOWN + 1_000) {
        this.looks++
        this.connected += peers >= MIN && peers <= MAX ? 1 : 0
      }
    }
  }
}

it('20 real nodes, of which 30 % are replaced in each cooldown, have between min and max peers', async () => {
  for (let i = 0; i < NODES; i++) {
    await join()
  }

  await settled()
  const watch = new Watch()

  for (let i = 0; i < COOLDOWNS * REPLACED; i++) {
    const [leaving] = alive.splice(1 + random.below(alive.length - 1), 1)
    await Promise.all([leaving!.stop(), join(), new Promise((resolve) => setTimeout(resolve, COOLDOWN / REPLACED))])
  }

  watch.stop()
  console.info(`from min to max peers: ${(100 * watch.share).toFixed(1)} % of the time`)
  expect(watch.most).toBeLessThanOrEqual(MAX)
  expect(watch.share).toBeGreaterThanOrEqual(COOLDOWN < 10_000 ? 0 : 0.99)
  await settled()
  const heard = new Set<GossipHost>()
  alive.forEach((host) => host.services.gossip.addEventListener('message', () => heard.add(host)))
  alive[0]!.services.gossip.announce(7, Uint8Array.of(1))
  // each passes it on to four others at random: that it reaches nearly all is the simulation's to show
  await vi.waitFor(() => expect(heard.size).toBeGreaterThan(NODES / 2), 10_000)
}, 300_000)
