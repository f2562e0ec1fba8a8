/**
 * What child.ts starts: `join <variant> <address>`, `idle <variant>` or `memory`. Tells its parent in messages, and
 * ends with its parent.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { createNode } from './variants.ts'
import type { Variant } from './variants.ts'

/** In ms: what came of setting up is over */
const SETTLE = 2_000
/** In ms */
const IDLE_TIME = 8_000
/** Announces between two words to the sender */
const ACKNOWLEDGE = 5_000

const tell = (message: object): void => void process.send!(message)

function heldBytes(): number {
  // twice: what the first frees may hold more
  globalThis.gc!()
  globalThis.gc!()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Once it meets a peer, and once it hears something */
async function join(variant: Variant, address: string): Promise<void> {
  const node = await createNode(variant, { knownPeers: [address] })
  node.onDelivery(() => tell({ delivered: true }))
  node.onPeer(() => tell({ peer: true }))
}

/** Its memory alone and with the peers that come, and what it does while they say nothing */
async function idle(variant: Variant, limit: number): Promise<void> {
  const node = await createNode(variant, { limit })
  await wait(SETTLE)
  tell({ alone: heldBytes() })
  tell({ address: { at: node.host.getMultiaddrs().map(String), record: await node.record() } })
  process.on('message', (wanted: string) => {
    void (async () => {
      while (node.peers() < Number(wanted)) {
        await wait(20)
      }

      await wait(SETTLE)
      tell({ crowded: heldBytes() })
      const cpu = process.cpuUsage()
      const start = performance.now()
      await wait(IDLE_TIME)
      const { user, system } = process.cpuUsage(cpu)
      tell({ cpuShare: (user + system) / 1_000 / (performance.now() - start) })
    })()
  })
}

/** How much it grows under as many announces as the parent says */
async function memory(): Promise<void> {
  const node = await createNode('gossip')
  let count = 0
  node.onDelivery(() => {
    count++

    if (count % ACKNOWLEDGE === 0) {
      tell({ count })
    }
  })
  const before = heldBytes()
  tell({ address: node.host.getMultiaddrs().map(String)[0] })
  process.on('message', () => tell({ bytes: heldBytes() - before }))
}

process.on('disconnect', () => process.exit())
const [role, variant, last] = process.argv.slice(2)

if (role === 'join') {
  await join(variant as Variant, last!)
} else if (role === 'idle') {
  await idle(variant as Variant, Number(last))
} else {
  await memory()
}
