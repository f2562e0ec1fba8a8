import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNode, loadConfig } from '@hearsay/node'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where a reference node listens for browsers */
    referenceNode: string
  }
}

const SILENT = { info: () => {}, warn: () => {}, error: () => {} }

/** Runs one reference node, as it is started from the command line, for a page to dial */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = mkdtempSync(join(tmpdir(), 'hearsay-browser-test-'))
  const flags = {
    listen: ['/ip4/127.0.0.1/tcp/0/ws'],
    'gossip-api': '127.0.0.1:0',
    'dht-api': '127.0.0.1:0',
    'difficulty-bits': 4,
    cup2py: false,
    shout: false,
    'data-dir': dir
  }
  const node = await createNode(loadConfig({ flags, env: {} }), SILENT)
  const gossip = node.libp2p.services.gossip!
  gossip.subscribe(1, () => true)
  gossip.addEventListener('message', ({ detail }) => gossip.announce(2, detail.data))
  project.provide('referenceNode', node.libp2p.getMultiaddrs()[0]!.toString())

  return async () => {
    await node.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}
