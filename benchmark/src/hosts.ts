import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import type { Libp2p } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

/** What every host of a benchmark has in common: TCP on loopback, noise, yamux. Each time anew: libp2p writes into it */
export function hostOptions(): Libp2pOptions {
  return {
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: Infinity },
    connectionMonitor: { enabled: false },
    services: { identify: identify() }
  }
}

/** Messages in flight in a closed loop */
export const IN_FLIGHT = 64

export async function stopAll(hosts: readonly Libp2p[]): Promise<void> {
  await Promise.all(hosts.map(async (host) => host.stop()))
}
