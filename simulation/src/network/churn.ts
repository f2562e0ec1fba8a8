import type { Millis, PeerKey } from '@hearsay/protocol-core/pure'
import type { Protocol, VirtualNetwork } from './network.ts'

export interface ChurnConfig {
  /** In ms */
  every: Millis
  /** Of the nodes, replaced each time */
  share: number
  /** How often; the last one is at `every × times` */
  times: number
}

/**
 * Replaces nodes by new ones, spread evenly over each interval.
 *
 * @param join - adds one node and starts it
 * @param mayLeave - who may be replaced
 */
export function churn<T extends Protocol>(
  network: VirtualNetwork<T>,
  { every, share, times }: ChurnConfig,
  join: () => void,
  mayLeave: (peer: PeerKey) => boolean = () => true
): void {
  const perRound = Math.round(network.size * share)

  for (let i = 0; i < times * perRound; i++) {
    network.schedule(((i + 1) * every) / perRound, () => {
      const candidates = [...network.peers()].filter(mayLeave)

      if (candidates.length > 0) {
        network.remove(candidates[network.random.below(candidates.length)]!)
        join()
      }
    })
  }
}
