import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SqliteBook } from '@hearsay/protocol-cup2py/sqlite'
import { afterAll, describe, it } from 'vitest'
import { pairCompliance } from '../../protocol-core/test/shared/lifecycle.ts'
import { createHost } from './hosts.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearsay-lifecycle-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0

describe('the service', () => {
  // two hosts, one with a file: one finds the other, and itself through it
  const cases = pairCompliance({
    cycles: 12,
    create: async () => {
      const addressBook = new SqliteBook(join(folder, `${files++}.db`))
      const a = await createHost({ addressBook, quietTime: 50 }, { start: false })
      const b = await createHost({ quietTime: 50 }, { start: false })
      return {
        hosts: [a, b],
        use: async () => {
          const [own, other] = [a.services.cup2py, b.services.cup2py]
          await own.add((await other.publish({ depth: 0 })).record)
          const { record } = await own.search(other.hash, { quietTime: 50 })

          if (record?.hash !== other.hash) {
            throw new Error('it was not found')
          }
        }
      }
    }
  })

  it.each(cases)('%s', async (_name, run) => run(), 120_000)
})
