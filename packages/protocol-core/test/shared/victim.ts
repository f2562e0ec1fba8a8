/** What is common to the programs that slowloris.ts attacks. */
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { createLibp2p } from 'libp2p'
import type { Libp2p, ServiceMap } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

/** A host that takes what comes */
export async function createVictim<Services extends ServiceMap>(
  options: Pick<Libp2pOptions<Services>, 'transports' | 'services' | 'connectionManager'>
): Promise<Libp2p<Services>> {
  return createLibp2p<Services>({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    ...options,
    connectionManager: {
      inboundConnectionThreshold: Infinity,
      maxIncomingPendingConnections: 100,
      ...options.connectionManager
    }
  })
}

/**
 * Of this program, in bytes, without what is garbage. Memory that was given up is returned a while later: the least of
 * some looks at it.
 */
export async function memory(): Promise<number> {
  let least = Infinity

  for (let i = 0; i < 5; i++) {
    globalThis.gc?.()
    least = Math.min(least, process.memoryUsage.rss())
    await new Promise((resolve) => setTimeout(resolve, 20))
  }

  return least
}

/** Tells the host's address now, and how it is when asked, until the other side is gone */
export function tell(host: Pick<Libp2p, 'getMultiaddrs'>, howItIs: () => object | Promise<object>): void {
  process.on('message', () => {
    void Promise.resolve(howItIs()).then((told) => process.send?.(told))
  })
  process.on('disconnect', () => process.exit())
  process.send?.({ address: host.getMultiaddrs()[0]!.toString() })
}
