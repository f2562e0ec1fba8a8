import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNode, loadConfig } from '@hearsay/node'
import { vi } from 'vitest'
import { OFTEN } from './api-client.ts'
import type { Dht, HearsayNode, HostPort, Log, NodeConfig, NodeServices, OptionKey } from '@hearsay/node'
import type { Libp2p } from '@libp2p/interface'

export interface RecordedLog extends Log {
  /** `level message` */
  readonly lines: string[]
}

export function recordedLog(): RecordedLog {
  const lines: string[] = []
  return {
    lines,
    info: (message) => void lines.push(`info ${message}`),
    warn: (message) => void lines.push(`warn ${message}`),
    error: (message) => void lines.push(`error ${message}`)
  }
}

/** Its services are there unless a test turns them off, which then does not use them */
export interface TestNode extends Omit<HearsayNode, 'libp2p' | 'dht' | 'gossipApi' | 'dhtApi'> {
  libp2p: Libp2p<Required<NodeServices>>
  dht: Dht
  gossipApi: HostPort
  dhtApi: HostPort
  config: NodeConfig
  log: RecordedLog
  /** Its first address, with its peer id; empty when it listens nowhere */
  address: string
  /** Its first address, without */
  bareAddress: string
}

/** Nodes of this process and the directories of a test, which all end together. */
export class Nodes {
  private readonly all: HearsayNode[] = []
  private readonly dirs: string[] = []

  dir(): string {
    const dir = mkdtempSync(join(tmpdir(), 'hearsay-node-test-'))
    this.dirs.push(dir)
    return dir
  }

  /** On free ports of loopback, without proof of work, and without users, whose keys take time, unless told otherwise */
  async create(flags: Partial<Record<OptionKey, unknown>> = {}): Promise<TestNode> {
    const log = recordedLog()
    const defaults = {
      listen: ['/ip4/127.0.0.1/tcp/0'],
      'gossip-api': '127.0.0.1:0',
      'dht-api': '127.0.0.1:0',
      'difficulty-bits': 0,
      cup2py: false,
      shout: false,
      'data-dir': this.dir()
    }
    const config = loadConfig({ flags: { ...defaults, ...flags }, env: {} })
    const node = await createNode(config, log)
    this.all.push(node)
    const address = node.libp2p.getMultiaddrs()[0]?.toString() ?? ''
    return { ...(node as unknown as TestNode), config, log, address, bareAddress: address.replace(/\/p2p\/.*$/, '') }
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.splice(0).map(async (node) => node.stop()))
    this.dirs.splice(0).forEach((dir) => rmSync(dir, { recursive: true, force: true }))
  }
}

/** Until the node has as many verified gossip peers */
export async function peers(node: TestNode, count: number): Promise<void> {
  await vi.waitFor(() => {
    const now = node.libp2p.services.gossip.peers.length

    if (now !== count) {
      throw new Error(`${now} verified peers, not ${count}`)
    }
  }, OFTEN)
}

/** In ms; libp2p lets a timer of 1 s run on after its stop */
const REST = 1_200

/** The handles that stay open once nothing changes any more */
export async function handlesAtRest(): Promise<Record<string, number>> {
  let [handles, since] = [openHandles(), performance.now()]

  while (performance.now() - since < REST) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const now = openHandles()

    if (JSON.stringify(now) !== JSON.stringify(handles)) {
      ;[handles, since] = [now, performance.now()]
    }
  }

  return handles
}

/** How many handles of each kind keep this process alive */
export function openHandles(): Record<string, number> {
  const counts: Record<string, number> = {}

  for (const kind of process.getActiveResourcesInfo()) {
    counts[kind] = (counts[kind] ?? 0) + 1
  }

  return counts
}
