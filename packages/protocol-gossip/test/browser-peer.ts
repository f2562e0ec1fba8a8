import { gossip } from '@hearsay/protocol-gossip'
import { identify } from '@libp2p/identify'
import { webSockets } from '@libp2p/websockets'
import { createPeerOfPages } from '../../protocol-core/test/shared/browser-hosts.ts'
import { DIFFICULTY_BITS, ECHO_TYPE } from './echo.ts'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where a Node.js host with gossip listens for browsers */
    gossipPeer: string
  }
}

/** Runs one host in Node.js for the browser tests to dial: it answers each announce with the same data */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const host = await createPeerOfPages({
    transports: [webSockets()],
    services: { identify: identify(), gossip: gossip({ difficultyBits: DIFFICULTY_BITS }) }
  })
  const service = host.services.gossip
  service.subscribe(ECHO_TYPE, () => true)
  service.addEventListener('message', ({ detail }) => service.announce(ECHO_TYPE + 1, detail.data))
  project.provide('gossipPeer', host.getMultiaddrs()[0]!.toString())

  return async () => host.stop()
}
