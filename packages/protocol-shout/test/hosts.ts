import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { generateRsaKey } from '@hearsay/protocol-core'
import { shout } from '@hearsay/protocol-shout'
import { identify } from '@libp2p/identify'
import { memory } from '@libp2p/memory'
import { createLibp2p } from 'libp2p'
import { vi, expect } from 'vitest'
import { HostGroup } from '../../protocol-core/test/shared/host-group.ts'
import type { RsaPrivateKey } from '@hearsay/protocol-core'
import type { Shout, ShoutInit, ShoutMessage } from '@hearsay/protocol-shout'
import type { Libp2p, ServiceMap } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

// whatever else runs on this machine
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

export interface ShoutServices extends ServiceMap {
  identify: ReturnType<ReturnType<typeof identify>>
  shout: Shout
}
export type ShoutHost = Libp2p<ShoutServices>

let addresses = 0
const keys: Promise<RsaPrivateKey>[] = []

/** The n-th key of this test file, made once: making one takes a tenth of a second */
export async function keyAt(index: number): Promise<RsaPrivateKey> {
  keys[index] ??= generateRsaKey(2_048)
  return keys[index]
}

/** A libp2p host with shout on the memory transport, which neither dials by itself nor lists itself */
export async function createHost(
  init: ShoutInit = {},
  options: Partial<Libp2pOptions<ShoutServices>> = {}
): Promise<ShoutHost> {
  return createLibp2p<ShoutServices>({
    addresses: { listen: [`/memory/shout-test-${addresses++}`] },
    transports: [memory()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { maxConnections: 1_000, inboundConnectionThreshold: Infinity },
    connectionMonitor: { enabled: false },
    // who is not identified in time is never found: the 5 s it has are short where fifty hosts start on one busy machine
    services: { identify: identify({ timeout: 60_000 }), shout: shout({ listed: false, ...init }) },
    ...options
  })
}

/** Hosts that are stopped together */
export class Hosts extends HostGroup<ShoutHost> {
  /** Each with a key of its own */
  async create(init: ShoutInit = {}, options?: Partial<Libp2pOptions<ShoutServices>>): Promise<ShoutHost> {
    return this.add(await createHost({ key: await keyAt(this.all.length), ...init }, options))
  }

  async many(count: number, init: ShoutInit = {}): Promise<ShoutHost[]> {
    const hosts: ShoutHost[] = []

    for (let i = 0; i < count; i++) {
      hosts.push(await this.create(init))
    }

    return hosts
  }
}

export async function connect(from: ShoutHost, to: ShoutHost): Promise<void> {
  await from.dial(to.getMultiaddrs())
}

/** Until each host has as many peers */
export async function peered(count: number, ...hosts: ShoutHost[]): Promise<void> {
  await vi.waitFor(
    () => expect(hosts.map((host) => host.services.shout.peers.length)).toEqual(hosts.map(() => count)),
    { timeout: 60_000, interval: 20 }
  )
}

export type Kind = 'shout' | 'speak' | 'whisper'

/** What the host's application is told */
export function heard(host: ShoutHost, kind: Kind): ShoutMessage[] {
  const messages: ShoutMessage[] = []
  host.services.shout.addEventListener(kind, ({ detail }) => messages.push(detail))
  return messages
}

export async function until(condition: () => boolean, timeout = 60_000): Promise<void> {
  await vi.waitFor(() => expect(condition()).toBe(true), { timeout, interval: 10 })
}
