import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { cup2py } from '@hearsay/protocol-cup2py'
import { RsaPrivateKey } from '@hearsay/protocol-core'
import { identify } from '@libp2p/identify'
import { memory } from '@libp2p/memory'
import { createLibp2p } from 'libp2p'
import { HostGroup } from '../../protocol-core/test/shared/host-group.ts'
import { createPrivateKeyPem } from './users.ts'
import type { Cup2py, Cup2pyInit, SearchResult } from '@hearsay/protocol-cup2py'
import type { Libp2p, ServiceMap } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

export interface Cup2pyServices extends ServiceMap {
  identify: ReturnType<ReturnType<typeof identify>>
  cup2py: Cup2py
}
export type Cup2pyHost = Libp2p<Cup2pyServices>

let created = 0

/** A libp2p host with one user on the memory transport, that publishes only when told to */
export async function createHost(
  init: Partial<Cup2pyInit> = {},
  options: Partial<Libp2pOptions<Cup2pyServices>> = {}
): Promise<Cup2pyHost> {
  const { key = RsaPrivateKey.fromPem(createPrivateKeyPem()), ...rest } = init
  return createLibp2p<Cup2pyServices>({
    addresses: { listen: [`/memory/cup2py-test-${created++}`] },
    transports: [memory()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    services: {
      identify: identify(),
      cup2py: cup2py({ key, republish: false, quietTime: 300, dialRate: 1_000, ...rest })
    },
    ...options
  })
}

export const addressOf = (host: Cup2pyHost): string => host.getMultiaddrs()[0]!.toString()

/** Hosts that are stopped together */
export class Hosts extends HostGroup<Cup2pyHost> {
  async create(...args: Parameters<typeof createHost>): Promise<Cup2pyHost> {
    return this.add(await createHost(...args))
  }
}

/** Tells the first about the others, as if they had met */
export async function introduce(host: Cup2pyHost, ...others: Cup2pyHost[]): Promise<void> {
  for (const other of others) {
    const { record } = await other.services.cup2py.publish({ depth: 0 })
    await host.services.cup2py.add(record)
  }
}

/** A search that ends with the first answer, and on a slow machine takes its time */
export async function find(host: Cup2pyHost, hash: string): Promise<SearchResult> {
  return host.services.cup2py.search(hash, { quietTime: 60_000, signal: firstAnswer(host.services.cup2py, hash) })
}

/** Aborts as soon as somebody answers */
export function firstAnswer(service: Cup2py, hash: string): AbortSignal {
  const stop = new AbortController()
  service.addEventListener('search:answer', ({ detail }) => {
    if (detail.hash === hash) {
      stop.abort()
    }
  })
  return stop.signal
}
