import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

/** A million takes minutes, and is asked for by this variable */
const IDENTITIES = Number(process.env['GROWTH_IDENTITIES'] ?? 30_000)

it('T17: identities that come and go grow nothing, and the last are as quick as the first', async () => {
  const program = fileURLToPath(new URL('growth.ts', import.meta.url))
  // little room to put off collecting: what waits for that is no growth
  const room = ['--max-semi-space-size=2', '--max-old-space-size=112']
  const flags = [...room, '--conditions=@hearsay/source', '--expose-gc', '--no-warnings']
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program, String(IDENTITIES)], {
    env: { ...process.env, MALLOC_ARENA_MAX: '1' }
  })
  const result = JSON.parse(stdout) as { lived: number; rss: number; more: number; second: number; last: number }
  console.info(`${IDENTITIES.toLocaleString('en')} identities: ${JSON.stringify(result)}`)
  // of all that the engine holds, once what is bounded was full
  expect(result.more).toBeLessThan(500)
  // in MiB; a million need as little as some thousands
  expect(result.lived).toBeLessThan(16)
  // of all memory of the process
  expect(result.rss).toBeLessThanOrEqual(64)
  expect(result.last / result.second).toBeLessThan(3)
}, 900_000)
