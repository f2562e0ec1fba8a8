import { hostPort } from '../config/kinds.ts'
import { nodeRoutes } from '../control/routes/node.ts'
import { ControlServer } from '../control/server.ts'
import { RefusalLog } from '../refusals.ts'
import { VERSION } from '../version.ts'
import { diskCheck, memoryCheck, protocolCheck } from './checks.ts'
import { Health } from './health.ts'
import { registerNodeMetrics } from './metrics.ts'
import { MetricsServer } from './server.ts'
import type { Libp2p } from '@libp2p/interface'
import type { prometheusMetrics } from '@libp2p/prometheus-metrics'
import type { Registry } from 'prom-client'
import type { HostPort } from '../config/kinds.ts'
import type { NodeConfig } from '../config/options.ts'
import type { NodeServices } from '../host.ts'
import type { NodeView } from '../control/routes/node.ts'
import type { Log } from '../log.ts'
import type { NodeProtocol } from '../protocols/protocol.ts'

export interface OperationsInit {
  config: NodeConfig
  libp2p: Libp2p
  protocols: readonly NodeProtocol[]
  /** Undefined when it is off, like the other */
  gossipApi: HostPort | undefined
  dhtApi: HostPort | undefined
  /** Of `hostMetrics` */
  registry: Registry | undefined
  log: Log
}

/** What an operator has of a running node: the control API, probes and metrics. */
export class Operations {
  private readonly init: OperationsInit
  private readonly refusals = new RefusalLog()
  private readonly startedAt = new Date().toISOString()
  private readonly health: Health
  private readonly control: ControlServer
  private readonly metrics: MetricsServer | undefined
  private stopping = false
  private places: { controlApi: string; metricsApi?: HostPort } = { controlApi: '' }

  constructor(init: OperationsInit) {
    const { config, libp2p, protocols, registry, log } = init
    this.init = init
    this.health = new Health([
      ...protocols.map(protocolCheck),
      memoryCheck(config['max-memory']),
      diskCheck(config['data-dir'])
    ])
    const handlers = this.health.handlers()
    const routes = [...nodeRoutes(this.view()), ...protocols.flatMap((protocol) => protocol.routes())]
    this.control = new ControlServer({ dataDir: config['data-dir'], routes, handlers, version: VERSION, log })
    this.metrics = registry && new MetricsServer({ registry, handlers, log })
    protocols.forEach(({ name, onRefusal }) => onRefusal?.((peer, reason) => this.refusals.add(peer, name, reason)))

    if (libp2p.metrics !== undefined) {
      const { refusals } = this
      const { metrics } = libp2p
      protocols.forEach((protocol) => protocol.metrics?.(metrics))
      registerNodeMetrics(libp2p.metrics, { version: VERSION, protocols, refusals, ready: () => this.ready })
    }
  }

  /** As `http://host:port` or the path of a socket; empty before `start` */
  get controlApi(): string {
    return this.places.controlApi
  }

  /** Undefined when it is off */
  get metricsApi(): HostPort | undefined {
    return this.places.metricsApi
  }

  /** @throws {StartError} when an address cannot be listened on */
  async start(): Promise<void> {
    const { config } = this.init

    try {
      const metricsApi = config['metrics-api'] && (await this.metrics?.listen(config['metrics-api']))
      const controlApi = await this.control.listen(config['control-api'])
      this.places = { controlApi, ...(metricsApi && { metricsApi }) }
    } catch (err) {
      await this.stop()
      throw err
    }
  }

  /** Not ready from now on, and not found by commands; still answering probes */
  async beginShutdown(): Promise<void> {
    this.stopping = true
    this.health.beginShutdown()
    await this.control.hide()
  }

  async stop(): Promise<void> {
    await Promise.all([this.control.stop(), this.metrics?.stop()])
  }

  private get ready(): boolean {
    return !this.stopping && this.init.protocols.every((protocol) => protocol.ready())
  }

  private view(): NodeView {
    const { libp2p, protocols, gossipApi, dhtApi, config } = this.init
    const { cup2py } = libp2p.services as NodeServices
    return {
      libp2p,
      protocols,
      refusals: this.refusals,
      ready: () => this.ready,
      facts: () => ({
        version: VERSION,
        startedAt: this.startedAt,
        user: cup2py?.hash ?? null,
        gossipApi: gossipApi === undefined ? null : hostPort.format(gossipApi),
        dhtApi: dhtApi === undefined ? null : hostPort.format(dhtApi),
        controlApi: this.controlApi,
        metricsApi: this.metricsApi === undefined ? null : hostPort.format(this.metricsApi),
        dataDir: config['data-dir']
      })
    }
  }
}

export interface HostMetrics {
  registry?: Registry
  /** An option of `createLibp2p` */
  metrics?: ReturnType<typeof prometheusMetrics>
}

/** libp2p's own metrics, collected when `--metrics-api` is set; else not even loaded, which takes 15 MiB */
export async function hostMetrics(config: NodeConfig): Promise<HostMetrics> {
  if (config['metrics-api'] === undefined) {
    return {}
  }

  const client = await import('prom-client')
  const libp2p = await import('@libp2p/prometheus-metrics')
  const registry = new client.Registry()
  return { registry, metrics: libp2p.prometheusMetrics({ registry, statfsLocation: config['data-dir'] }) }
}
