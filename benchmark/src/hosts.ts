import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { MEASURE_TIME } from './rounds.ts'
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
/**
 * A closed loop: as many messages in flight as `IN_FLIGHT`, a new one for each that arrived.
 *
 * @param onArrival - sets what is called for each arrival
 * @returns arrivals per second
 */
export async function closedLoop(send: () => void, onArrival: (arrived: () => void) => void): Promise<number> {
  const start = performance.now()
  const end = start + MEASURE_TIME
  let [arrivals, inFlight] = [0, 0]

  await new Promise<void>((resolve) => {
    onArrival(() => {
      arrivals++
      inFlight--

      if (performance.now() < end) {
        inFlight++
        send()
      } else if (inFlight === 0) {
        resolve()
      }
    })

    for (inFlight = 0; inFlight < IN_FLIGHT;) {
      inFlight++
      send()
    }
  })

  return arrivals / ((performance.now() - start) / 1_000)
}
