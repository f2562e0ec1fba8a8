import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../config/load.ts'
import { createNode } from '../node.ts'
import type { Gossip } from '@hearsay/protocol-gossip'
import type { HearsayNode } from '../node.ts'
import type { Log } from '../log.ts'

const DATA_TYPE = 1
/** Announces on their way at once */
const IN_FLIGHT = 64
/** In ms */
const PEER_TIMEOUT = 30_000
const silent: Log = { info: () => {}, warn: () => {}, error: () => {} }

/**
 * Announces of 100 bytes from one node through a second one, which validates them, to a third: all in this process, over
 * TCP on loopback.
 *
 * @returns announces a second that arrived
 */
export async function relayRate(count: number): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), 'hearsay-bench-'))
  const nodes: HearsayNode[] = []

  try {
    for (const name of ['source', 'relay', 'sink']) {
      const known = nodes.at(-1)?.libp2p.getMultiaddrs().map(String) ?? []
      nodes.push(await startNode(join(dir, name), known))
    }

    const [source, relay, sink] = nodes as [HearsayNode, HearsayNode, HearsayNode]
    await Promise.all([verified(source, 1), verified(relay, 2), verified(sink, 1)])
    gossipOf(relay).subscribe(DATA_TYPE, () => true)
    return await timed(source, sink, count)
  } finally {
    await Promise.all(nodes.map(async (node) => node.stop()))
    await rm(dir, { recursive: true, force: true })
  }
}

async function startNode(dataDir: string, peer: string[]): Promise<HearsayNode> {
  const flags = {
    'data-dir': dataDir,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    'gossip-api': '127.0.0.1:0',
    'difficulty-bits': 0,
    cup2py: false,
    shout: false,
    dht: false,
    peer
  }
  return createNode(loadConfig({ flags, env: {} }), silent)
}

function gossipOf({ libp2p }: HearsayNode): Gossip {
  return libp2p.services.gossip!
}

async function verified(node: HearsayNode, count: number): Promise<void> {
  const gossip = gossipOf(node)

  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the nodes did not find each other')), PEER_TIMEOUT)
    const look = (): void => {
      if (gossip.peers.length >= count) {
        clearTimeout(timer)
        resolve()
      }
    }
    gossip.addEventListener('peer:verified', look)
    look()
  })
}

/** A new announce for each that arrived */
async function timed(source: HearsayNode, sink: HearsayNode, count: number): Promise<number> {
  const data = new Uint8Array(100)
  const from = gossipOf(source)
  const start = performance.now()
  let [sent, arrived] = [0, 0]
  const send = (): void => {
    if (sent < count) {
      sent++
      from.announce(DATA_TYPE, data)
    }
  }

  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${count - arrived} announces did not arrive`)), PEER_TIMEOUT)
    gossipOf(sink).subscribe(DATA_TYPE, () => {
      arrived++

      if (arrived === count) {
        clearTimeout(timer)
        resolve()
      }

      send()
      return true
    })
    Array.from({ length: IN_FLIGHT }, send)
  })

  return count / ((performance.now() - start) / 1_000)
}
