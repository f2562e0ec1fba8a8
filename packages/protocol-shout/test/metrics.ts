import { shout } from '@hearsay/protocol-shout'
import type { Shout, ShoutComponents, ShoutInit } from '@hearsay/protocol-shout'
import type { Metrics } from '@libp2p/interface'

/** What the services of a test counted, all together */
export class TestMetrics {
  private readonly counts = new Map<string, number>()

  of(name: string): number {
    return this.counts.get(name) ?? 0
  }

  /** In place of `shout(init)`: the libp2p node itself measures nothing */
  shout(init: ShoutInit): (components: ShoutComponents) => Shout {
    return ({ peerId, registrar, connectionManager, addressManager, events, logger }) =>
      shout(init)({
        peerId,
        registrar,
        connectionManager,
        addressManager,
        events,
        logger,
        metrics: { registerCounterGroup: () => this.group } as unknown as Metrics
      })
  }

  private readonly group = {
    increment: (values: Record<string, number>): void => {
      for (const [name, by] of Object.entries(values)) {
        this.counts.set(name, this.of(name) + by)
      }
    }
  }
}
