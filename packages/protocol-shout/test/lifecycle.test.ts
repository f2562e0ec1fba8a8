import { describe, it } from 'vitest'
import { pairCompliance } from '../../protocol-core/test/shared/lifecycle.ts'
import { createHost, keyAt } from './hosts.ts'

describe('the service', () => {
  // two hosts that prove their keys to each other, and say something
  const cases = pairCompliance({
    create: async () => {
      const a = await createHost({ key: await keyAt(0) }, { start: false })
      const b = await createHost({ key: await keyAt(1) }, { start: false })
      return {
        hosts: [a, b],
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

  it.each(cases)('%s', async (_name, run) => run(), 60_000)
})
