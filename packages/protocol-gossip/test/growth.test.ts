import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

it('T17: a million identities and a million announces grow nothing, and the last are as quick as the first', async () => {
  const program = fileURLToPath(new URL('growth.ts', import.meta.url))
  // a small nursery: what waits there to be collected is no growth
  const flags = ['--max-semi-space-size=4', '--conditions=@hearsay/source', '--expose-gc', '--no-warnings', program]
  const { stdout } = await promisify(execFile)(process.execPath, flags)
  const { growth, second, last } = JSON.parse(stdout) as { growth: number; second: number; last: number }
  // in MiB, of all memory of the process
  expect(growth).toBeLessThanOrEqual(64)
  expect(last / second).toBeLessThan(3)
}, 400_000)
