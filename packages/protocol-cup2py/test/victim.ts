/** A program of its own, so that its memory is nobody else's: one node. It tells its address, and its memory when asked. */
import { cup2py, generateUser, MemoryBook, signRecord, userHash } from '@hearsay/protocol-cup2py'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { createVictim, memory, tell } from '../../protocol-core/test/shared/victim.ts'

const addressBook = new MemoryBook()
const node = await createVictim({
  transports: [tcp()],
  services: {
    identify: identify(),
    cup2py: cup2py({
      key: await generateUser(),
      idleTime: Number(process.argv[2]),
      addressBook,
      republish: false,
      minModulusBits: 1_024
    })
  }
})

// a book to tell of: 64 users with long addresses
for (let i = 0; i < 64; i++) {
  const key = await generateUser({ bits: 1_024 })
  const date = `2024-01-01 00:00:00.${String(i + 1).padStart(6, '0')}`
  await node.services.cup2py.add(
    await signRecord(key, userHash(key.publicKey.pkcs1Pem), `/${'x'.repeat(900)}/p2p/12D3KooWA`, date)
  )
}

tell(node, async () => {
  const { closed, received } = node.services.cup2py.stats
  return { rss: await memory(), closed, received }
})
