import { Hono } from 'hono'
import { guard } from '../control/guard.ts'
import { problemHandler, RequestError } from '../control/problem.ts'
import { closeServer, createHttpServer, listening } from '../control/http.ts'
import { isLoopback } from '../loopback.ts'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Handler } from 'hono'
import type { Registry } from 'prom-client'
import type { HostPort } from '../config/kinds.ts'
import type { Log } from '../log.ts'

export interface MetricsServerInit {
  registry: Registry
  /** The probes */
  handlers: Readonly<Record<string, Handler>>
  log: Log
}

/** `/metrics` for Prometheus and the probes for an orchestrator; only to be read, so without a token. */
export class MetricsServer {
  private readonly init: MetricsServerInit
  private server: Server | undefined

  constructor(init: MetricsServerInit) {
    this.init = init
  }

  /** @throws {StartError} when it cannot listen there */
  async listen({ host, port }: HostPort): Promise<HostPort> {
    const server = createHttpServer(this.createApp(host).fetch)
    await listening(server, () => server.listen(port, host), `${host}:${port}`, 'metrics (--metrics-api)')
    this.server = server
    const { address, port: bound } = server.address() as AddressInfo

    if (!isLoopback(address)) {
      this.init.log.warn(`the metrics listen on ${address}: anybody who reaches that address can read them`)
    }

    return { host: address, port: bound }
  }

  async stop(): Promise<void> {
    await closeServer(this.server)
  }

  private createApp(host: string): Hono {
    const { registry, handlers, log } = this.init
    const app = new Hono()
    // told to listen for others, it is called by names that it does not know
    app.use(guard({ host, anyHost: !isLoopback(host) && host !== 'localhost' }))
    app.get('/metrics', async (context) =>
      context.body(await registry.metrics(), 200, { 'content-type': registry.contentType })
    )
    Object.entries(handlers).forEach(([path, handler]) => app.get(path, handler))
    app.notFound(({ req }) => {
      throw new RequestError('NotFoundError', `there is no ${req.path}: see /metrics, /livez, /readyz and /healthz`)
    })
    app.onError(problemHandler('metrics', log))
    return app
  }
}
