import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

it('the logs are quiet while all goes well, and nothing that a stranger writes can spoil them', async () => {
  const program = fileURLToPath(new URL('logging.ts', import.meta.url))
  const { stderr, stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@hearsay/source', '--no-warnings', program],
    { env: { ...process.env, DEBUG: 'hearsay:gossip*', FORCE_COLOR: '0', NO_COLOR: '1' }, timeout: 60_000 }
  )
  expect(stdout).toBe('')
  const [calm, storm] = stderr.split('STORM\n')
  expect(calm).toBe('')

  // it was all logged
  for (const event of [
    'malformed bytes from',
    'dial to 12D3KooWA',
    'dial to b',
    'dial to c',
    'the validator of data type 8'
  ]) {
    expect(storm).toContain(event)
  }

  // none of it by what names itself an error of ours
  expect(storm).not.toContain(':error')
  // line feeds are our own, and those of stack traces
  expect(storm).not.toMatch(/[^\n -~]/)
  expect(storm!.split('\n').filter((line) => /^(hearsay:gossip )?SNEAKY/.test(line))).toEqual([])
}, 90_000)
