import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { Shell } from './shell.ts'
import { within } from './api-client.ts'

vi.setConfig({ testTimeout: 60_000 })

const shell = new Shell()
afterAll(async () => shell.end())

const FREE = ['--listen', '/ip4/127.0.0.1/tcp/0', '--gossip-api', '127.0.0.1:0', '--dht-api', '127.0.0.1:0']

/** What happens in the process when it is told by SIGUSR2 */
function nodeWith(mishap: string): ReturnType<Shell['spawn']> & { dataDir: string } {
  const dataDir = shell.dir()
  const code = encodeURIComponent(`process.on('SIGUSR2', () => { ${mishap} })`)
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${code}` }
  return { ...shell.spawn(['start', '--json', '--data-dir', dataDir, ...FREE], env), dataDir }
}

describe('what nobody foresaw', () => {
  it.each([
    ['thrown', "throw new TypeError('boom\\n  and more')", 'TypeError: boom and more, at '],
    ['rejected', "Promise.reject(new Error('nobody waits'))", 'Error: nobody waits, at '],
    ['no error at all', "Promise.reject('a text\\nof lines')", 'a text']
  ])('and is %s ends the node with one line and exit code 1', async (_name, mishap, told) => {
    const { child, output, ended, dataDir } = nodeWith(mishap)
    await within(once(child.stdout, 'data'), 'the first line', 30_000)
    child.kill('SIGUSR2')
    expect(await within(ended, 'its end', 30_000)).toBe(1)
    const lines = output.stderr.split('\n').filter((line) => / (?:error|warn) /.test(line))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(` error stopping after an error that nobody foresaw: ${told}`)
    expect(output.stderr.split('\n').filter((line) => line.startsWith(' '))).toEqual([])
    // it was closed in good order
    expect(readdirSync(dataDir)).not.toContain('control.json')
  })

  it('twice ends it once', async () => {
    const { child, output, ended } = nodeWith(
      "setImmediate(() => { throw new Error('second') }); throw new Error('first')"
    )
    await within(once(child.stdout, 'data'), 'the first line', 30_000)
    child.kill('SIGUSR2')
    expect(await within(ended, 'its end', 30_000)).toBe(1)
    expect(output.stderr).toContain('foresaw: Error: first')
  })
})
