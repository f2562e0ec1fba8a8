import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { RsaPrivateKey } from '@hearsay/protocol-core'
import { expect, it } from 'vitest'
import { createPrivateKeyPem } from './users.ts'

it('nothing of a key and nothing that a stranger can choose freely is in the logs (T22)', async () => {
  const key = RsaPrivateKey.fromPem(createPrivateKeyPem())
  const program = fileURLToPath(new URL('logging.ts', import.meta.url))
  const { stderr, stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@hearsay/source', '--no-warnings', program],
    { env: { ...process.env, DEBUG: 'hearsay:*', TEST_KEY: key.pkcs1Pem }, timeout: 60_000 }
  )
  expect(stdout).toBe('')

  // it was all logged
  for (const event of [
    'malformed bytes from',
    'closed a peer: forged',
    'a record is refused',
    'is not at /',
    'dial to',
    'nothing in the DHT',
    'DHT did not take',
    'lost a write'
  ]) {
    expect(stderr).toContain(event)
  }

  const lines = key.pkcs1Pem.split('\n').filter((line) => line.length > 16)
  expect(lines.filter((line) => stderr.includes(line))).toEqual([])
  expect(stderr).not.toContain('SNEAKY')
  // tab and line feed are those of stack traces
  expect(stderr).not.toMatch(/[^\t\n -~]/)
  expect(Math.max(...stderr.split('\n').map(({ length }) => length))).toBeLessThan(700)
}, 90_000)
