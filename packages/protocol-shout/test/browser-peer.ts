import { shout } from '@hearsay/protocol-shout'
import { identify } from '@libp2p/identify'
import { webSockets } from '@libp2p/websockets'
import { createPeerOfPages } from '../../protocol-core/test/shared/browser-hosts.ts'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where a Node.js host with shout listens for browsers */
    shoutPeer: string
  }
}

/** Runs one host in Node.js for the browser tests to dial: it whispers back what it hears */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const host = await createPeerOfPages({
    transports: [webSockets()],
    services: { identify: identify(), shout: shout({ listed: false }) }
  })
  const service = host.services.shout
  service.addEventListener('shout', ({ detail }) => {
    service.whisper(detail.from, detail.value).catch((err: unknown) => console.error(err))
  })
  project.provide('shoutPeer', host.getMultiaddrs()[0]!.toString())

  return async () => host.stop()
}
