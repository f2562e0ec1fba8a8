import { lifecycleCompliance } from '@hearsay/protocol-core/testing'
import { describe, it } from 'vitest'
import { addressOf, createHost } from './hosts.ts'

describe('the service', () => {
  // two hosts that find each other, prove their work, and say something
  const cases = lifecycleCompliance({
    create: async () => {
      const a = await createHost({}, { start: false })
      const b = await createHost({}, { start: false })
      a.services.gossip.subscribe(1, () => true)
      return {
        start: async () => {
          await Promise.all([a.start(), b.start()])
        },
        stop: async () => {
          await Promise.all([a.stop(), b.stop()])
        },
        use: async () => {
          const heard = new Promise((resolve) => a.services.gossip.addEventListener('message', resolve, { once: true }))
          await b.dial(a.getMultiaddrs())
          b.services.gossip.announce(1, new TextEncoder().encode(addressOf(a)))
          await heard
        }
      }
    }
  })

  it.each(cases.map(({ name, run }) => [name, run] as const))('%s', async (_name, run) => run(), 60_000)
})
