/** What our node offers today: cells about the rest say so, and are not run. */
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { Bench } from './bench.ts'
import type { Libp2p } from '@libp2p/interface'
import type { OurNode } from './our-node.ts'

/** Protocol ids and `dht-api`, each with the flags that `hearsay start` needs for it */
export type Offer = Readonly<Record<string, readonly string[]>>

/** What a node is asked for: without flags, and with those that users must give for it */
const WAYS: readonly { flags: readonly string[]; protocols: readonly string[] }[] = [
  {
    flags: [],
    protocols: ['/hearsay/gossip/1.0.0', '/hearsay/gossip-p2p/1.0.0', '/hearsay/cup2py/1.0.0', '/hearsay/shout/1.0.0']
  },
  { flags: ['--dialects', 'gossip-midterm'], protocols: ['/hearsay/gossip-midterm/1.0.0'] }
]

/** In ms */
const TIMEOUT = 30_000

/** Starts nodes of ours and asks them */
export async function offered(folder: string, ours: OurNode, signal: AbortSignal): Promise<Offer> {
  const bench = new Bench({ folder, program: { command: '', args: [] }, ours, signal })
  const host = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false }
  })
  const offer: Record<string, readonly string[]> = ours.hasDhtApi ? { 'dht-api': [] } : {}

  try {
    for (const { flags, protocols } of WAYS) {
      for (const protocol of await spoken(host, bench, flags, protocols)) {
        offer[protocol] = flags
      }
    }
  } finally {
    await host.stop()
    await bench.dispose()
  }

  return offer
}

/** Those of the protocols that a node with these flags answers to; none when it does not know the flags */
async function spoken(
  host: Libp2p,
  bench: Bench,
  flags: readonly string[],
  protocols: readonly string[]
): Promise<string[]> {
  const node = await bench.node(`asked${flags.join('')}`, { flags }).catch(() => undefined)
  const known = []

  for (const protocol of node === undefined ? [] : protocols) {
    try {
      const signal = AbortSignal.any([bench.signal, AbortSignal.timeout(TIMEOUT)])
      await host.dialProtocol(multiaddr(node!.address), protocol, { signal })
      known.push(protocol)
    } catch (err) {
      bench.signal.throwIfAborted()
      bench.note(`${protocol}: ${(err as Error).message}`)
    }
  }

  return known
}
