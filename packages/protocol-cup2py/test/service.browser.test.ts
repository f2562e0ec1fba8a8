import { cup2py, generateUser } from '@hearsay/protocol-cup2py'
import { DatastoreBook } from '@hearsay/protocol-cup2py/datastore'
import { identify } from '@libp2p/identify'
import { webSockets } from '@libp2p/websockets'
import { MemoryDatastore } from 'datastore-core'
import { expect, inject, it } from 'vitest'
import { createPage } from '../../protocol-core/test/shared/browser-hosts.ts'

it('a page finds a user through a Node.js host, and is told of itself', async () => {
  const { address, known } = inject('cup2pyPeer')
  const addressBook = new DatastoreBook(new MemoryDatastore())
  const node = await createPage({
    transports: [webSockets()],
    services: { identify: identify(), cup2py: cup2py({ key: await generateUser(), addressBook, quietTime: 5_000 }) }
  })

  try {
    const service = node.services.cup2py
    // the host's own record, and the user it knows
    expect(await service.bootstrap(address)).toBe(2)
    await service.remove(known)
    const { record, cost } = await service.search(known)
    expect(record).toMatchObject({ hash: known, address: '192.0.2.1' })
    expect(cost).toMatchObject({ messages: 1, peersAsked: 1 })
    expect(await service.publish()).toMatchObject({ users: 1, record: { address: '' } })
  } finally {
    await node.stop()
  }
}, 60_000)
