import { cup2py, generateUser, signRecord, userHash } from '@hearsay/protocol-cup2py'
import { identify } from '@libp2p/identify'
import { webSockets } from '@libp2p/websockets'
import { createPeerOfPages } from '../../protocol-core/test/shared/browser-hosts.ts'
import { dateIn } from './users.ts'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where a Node.js host with cup2py listens for browsers, and a user it knows */
    cup2pyPeer: { address: string; known: string }
  }
}

/** Runs one host in Node.js for the browser tests to dial: it knows one user, beside its own */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [key, other] = await Promise.all([generateUser(), generateUser()])
  const host = await createPeerOfPages({
    transports: [webSockets()],
    services: { identify: identify(), cup2py: cup2py({ key, republish: false }) }
  })
  const known = userHash(other.publicKey.pkcs1Pem)
  await host.services.cup2py.add(await signRecord(other, known, '192.0.2.1', dateIn(-60)))
  project.provide('cup2pyPeer', { address: host.getMultiaddrs()[0]!.toString(), known })

  return async () => host.stop()
}
