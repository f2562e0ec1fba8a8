import type { Handler } from 'hono'

export interface Finding {
  name: string
  ok: boolean
  /** For a person */
  message: string
}

export interface HealthCheck {
  name: string
  /** Whether the node is not ready without it; others are for a person to look at */
  readiness: boolean
  check: () => Promise<Omit<Finding, 'name'>> | Omit<Finding, 'name'>
}

/** Whether the node lives, is ready, and is well; it is not ready any more once it begins to stop. */
export class Health {
  private readonly checks: readonly HealthCheck[]
  private stopping = false

  constructor(checks: readonly HealthCheck[]) {
    const shutdown: HealthCheck = {
      name: 'shutdown',
      readiness: true,
      check: () => (this.stopping ? { ok: false, message: 'it is stopping' } : { ok: true, message: 'it is running' })
    }
    this.checks = [shutdown, ...checks]
  }

  beginShutdown(): void {
    this.stopping = true
  }

  /** What is looked at for readiness, or everything */
  async findings(which: 'readiness' | 'all'): Promise<Finding[]> {
    const checks = this.checks.filter(({ readiness }) => which === 'all' || readiness)
    return Promise.all(checks.map(async (each) => ({ name: each.name, ...(await checked(each)) })))
  }

  /** For probes: 200 or 503, and with `?verbose` each finding */
  handlers(): Record<string, Handler> {
    return {
      '/livez': (context) => context.json({ status: 'ok' }),
      '/readyz': async (context) => answer(context, await this.findings('readiness')),
      '/healthz': async (context) => answer(context, await this.findings('all'))
    }
  }
}

async function checked({ check }: HealthCheck): Promise<Omit<Finding, 'name'>> {
  try {
    return await check()
  } catch (err) {
    return { ok: false, message: (err as Error).message }
  }
}

function answer(context: Parameters<Handler>[0], findings: Finding[]): Response {
  const ok = findings.every((finding) => finding.ok)
  const verbose = context.req.query('verbose') !== undefined
  return context.json({ status: ok ? 'ok' : 'failed', ...(verbose && { findings }) }, ok ? 200 : 503)
}
