import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const IDENTITIES = Number(process.env['GROWTH_IDENTITIES'] ?? 100_000)

it('T17: identities that come and go, 100,000 or as many as GROWTH_IDENTITIES says, grow nothing, and the last are as quick as the first', async () => {
  const program = fileURLToPath(new URL('growth.ts', import.meta.url))
  // a small nursery: what waits there to be collected is no growth
  const flags = ['--max-semi-space-size=4', '--conditions=@hearsay/source', '--expose-gc', '--no-warnings', program]
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, String(IDENTITIES)])
  const { heap, rss, early, late, stats } = JSON.parse(stdout) as Record<'heap' | 'rss' | 'early' | 'late', number> & {
    stats: { records: number; closed: Record<string, number>; sent: Record<string, number> }
  }
  // in MiB: objects that are alive, and all memory of the process
  expect(heap).toBeLessThanOrEqual(4)
  expect(rss).toBeLessThanOrEqual(64)
  expect(late / early).toBeLessThan(3)
  // it all happened
  expect(stats.records).toBeGreaterThan(0.4 * IDENTITIES)
  expect(Math.min(stats.closed['malformed']!, stats.closed['forged']!, stats.closed['crowded']!)).toBeGreaterThan(
    0.1 * IDENTITIES
  )
  expect(Math.min(stats.sent['update']!, stats.sent['search']!)).toBeGreaterThan(0.4 * IDENTITIES)
}, 300_000)
