import { lifecycleCompliance } from '@hearsay/protocol-core/testing'
import { describe, it } from 'vitest'
import { createHost, keyAt } from './hosts.ts'

describe('the service', () => {
  // two hosts that prove their keys to each other, and say something
  const cases = lifecycleCompliance({
    create: async () => {
      const a = await createHost({ key: await keyAt(0) }, { start: false })
      const b = await createHost({ key: await keyAt(1) }, { start: false })
      return {
        start: async () => {
          await Promise.all([a.start(), b.start()])
        },
        stop: async () => {
          await Promise.all([a.stop(), b.stop()])
        },
        use: async () => {
          const met = new Promise((resolve) => b.services.shout.addEventListener('peer', resolve, { once: true }))
          const heard = new Promise((resolve) => a.services.shout.addEventListener('shout', resolve, { once: true }))
          await b.dial(a.getMultiaddrs())
          await met
          await b.services.shout.shout('here I am')
          await heard
        }
      }
    },
    cycles: 20
  })

  it.each(cases.map(({ name, run }) => [name, run] as const))('%s', async (_name, run) => run(), 60_000)
})
