/** Real nodes: libp2p hosts on TCP over loopback, one process, that count what their services do. */
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import type { Libp2p, Metrics, ServiceMap } from '@libp2p/interface'
import type { Libp2pOptions, ServiceFactoryMap } from 'libp2p'

export const NODES = 20
const POLL_MS = 50
const PATIENCE_MS = 120_000

/** What the services of all hosts counted together, by metric and label */
export class Counters {
  private readonly counts = new Map<string, number>()
  private readonly groups: { name: string; calculate: () => Record<string, number> }[] = []

  /** For a service's components, in place of libp2p's */
  readonly metrics = {
    registerCounterGroup: (name: string, options?: { calculate?: () => Record<string, number> }) => {
      if (options?.calculate !== undefined) {
        this.groups.push({ name, calculate: options.calculate })
      }

      return {
        increment: (values: Record<string, number>): void =>
          Object.entries(values).forEach(([label, by]) => this.counts.set(label, (this.counts.get(label) ?? 0) + by))
      }
    },
    registerMetricGroup: () => {},
    registerMetric: () => {},
    registerHistogram: () => ({ observe: () => {} })
  } as unknown as Metrics

  /** @param label - of a counter, in whatever group it is */
  of(label: string): number {
    const computed = this.groups.reduce((sum, { calculate }) => sum + (calculate()[label] ?? 0), 0)
    return computed + (this.counts.get(label) ?? 0)
  }
}

/** The components of a node but for its metrics: the node itself measures nothing */
export function counted<C extends object>(components: C, { metrics }: Counters): C {
  return new Proxy(components, {
    get: (target, name) => (name === 'metrics' ? metrics : (Reflect.get(target, name) as unknown))
  })
}

/** Twenty of them, stopped when `use` has ended */
export async function withHosts<S extends ServiceMap, T>(
  services: (index: number) => ServiceFactoryMap<S>,
  use: (hosts: Libp2p<S>[]) => Promise<T>,
  onCreated: (host: Libp2p<S>) => void = () => {}
): Promise<T> {
  const hosts: Libp2p<S>[] = []

  try {
    for (let i = 0; i < NODES; i++) {
      const host = await createHost(services(i))
      hosts.push(host)
      onCreated(host)
    }

    return await use(hosts)
  } finally {
    await Promise.all(hosts.map(async (host) => host.stop()))
  }
}

async function createHost<S extends ServiceMap>(services: ServiceFactoryMap<S>): Promise<Libp2p<S>> {
  const options: Libp2pOptions = {
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // all come from one address
    connectionManager: { maxConnections: 1_000, inboundConnectionThreshold: 10_000 },
    connectionMonitor: { enabled: false },
    services: { identify: identify(), ...services } as ServiceFactoryMap
  }
  return (await createLibp2p(options)) as Libp2p<S>
}

/** Polls. @throws {Error} with `what` when it does not come true in two minutes */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS

  while (!condition()) {
    if (performance.now() > end) {
      throw new Error(`${what}: not within ${PATIENCE_MS / 1_000} s`)
    }

    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** Until a number has stayed the same for half a second */
export async function untilQuiet(count: () => number): Promise<void> {
  let quiet = 0

  for (let last = -1; quiet < 10;) {
    const now = count()
    quiet = now === last ? quiet + 1 : 0
    last = now
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
