import { lifecycleCompliance } from '@hearsay/protocol-core/testing'
import type { ComplianceCase, LifecycleSetup, LifecycleSubject } from '@hearsay/protocol-core/testing'

interface Host {
  start(): void | Promise<void>
  stop(): void | Promise<void>
}

interface PairSetup extends Pick<LifecycleSetup, 'cycles'> {
  /** Two fresh hosts, not started yet, and how they use the service */
  create: () => Promise<{ hosts: readonly [Host, Host]; use: LifecycleSubject['use'] }>
}

/** The cases of a service on two hosts, which start and stop together, as `it.each` wants them */
export function pairCompliance({
  create,
  ...setup
}: PairSetup): (readonly [name: string, run: ComplianceCase['run']])[] {
  const createSubject = async (): Promise<LifecycleSubject> => {
    const { hosts, use } = await create()
    return {
      start: async () => {
        await Promise.all(hosts.map(async (host) => host.start()))
      },
      stop: async () => {
        await Promise.all(hosts.map(async (host) => host.stop()))
      },
      use
    }
  }

  return lifecycleCompliance({ create: createSubject, ...setup }).map(({ name, run }) => [name, run] as const)
}
