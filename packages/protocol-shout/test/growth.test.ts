import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

/** A million takes minutes, and is asked for by this variable */
const IDENTITIES = Number(process.env['GROWTH_IDENTITIES'] ?? 40_000)

it('T17: identities that come and go grow nothing, and the last are as quick as the first', async () => {
  const program = fileURLToPath(new URL('growth.ts', import.meta.url))
  // a small nursery: what waits there to be collected is no growth
  const flags = ['--max-semi-space-size=4', '--conditions=@hearsay/source', '--expose-gc', '--no-warnings']
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program, String(IDENTITIES)])
  const result = JSON.parse(stdout) as { lived: number; rss: number; more: number; second: number; last: number }
  console.info(`${IDENTITIES.toLocaleString('en')} identities: ${JSON.stringify(result)}`)
  // of all that the engine holds, once what is bounded was full
  expect(result.more).toBeLessThan(500)
  // in MiB; a million need as little as some thousands
  expect(result.lived).toBeLessThan(16)
  // of all memory of the process, which settles only after some hundred thousand
  expect(result.rss).toBeLessThanOrEqual(IDENTITIES >= 1_000_000 ? 64 : 256)
  expect(result.last / result.second).toBeLessThan(3)
}, 900_000)
