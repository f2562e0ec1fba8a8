import { describe, it } from 'vitest'
import { pairCompliance } from '../../protocol-core/test/shared/lifecycle.ts'
import { addressOf, createHost } from './hosts.ts'

describe('the service', () => {
  // two hosts that find each other, prove their work, and say something
  const cases = pairCompliance({
    create: async () => {
      const a = await createHost({}, { start: false })
      const b = await createHost({}, { start: false })
      a.services.gossip.subscribe(1, () => true)
      return {
        hosts: [a, b],
        use: async () => {
          const heard = new Promise((resolve) => a.services.gossip.addEventListener('message', resolve, { once: true }))
          await b.dial(a.getMultiaddrs())
          b.services.gossip.announce(1, new TextEncoder().encode(addressOf(a)))
          await heard
        }
      }
    }
  })

  it.each(cases)('%s', async (_name, run) => run(), 60_000)
})
