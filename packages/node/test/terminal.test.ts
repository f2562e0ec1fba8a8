/** What a person sees and types: commands in a terminal, which pipes are not. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { OFTEN, within } from './api-client.ts'
import { COLUMNS, Shell } from './shell.ts'
import type { Process, RunningNode } from './shell.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

/** Commands are asked over and over, each a process of its own */
const PATIENT = { timeout: 60_000, interval: 200 }
const hasTerminals = spawnSync('python3', ['-c', 'import pty']).status === 0

if (!hasTerminals) {
  console.warn('no python3 with pty found: the tests in a terminal are not run')
}

const shell = new Shell()
const at = ({ dataDir }: { dataDir: string }): string[] => ['--data-dir', dataDir]
afterAll(async () => shell.end())

const shown = async ({ output }: Process, text: string | RegExp): Promise<void> =>
  vi.waitFor(() => expect(output.stdout).toMatch(text), OFTEN)

/** The lines that a terminal shows after all of this */
function screen(output: string): string[] {
  const rows: string[] = ['']
  let [x, y] = [0, 0]
  const put = (text: string): void => {
    rows[y] = ((rows[y] ?? '').padEnd(x).slice(0, x) + text + (rows[y] ?? '').slice(x + text.length)).trimEnd()
  }
  const controls: Record<string, (n: number) => void> = {
    A: (n) => (y -= n),
    C: (n) => (x += n),
    D: (n) => (x -= n),
    G: (n) => (x = n - 1),
    J: () => void rows.splice(y, rows.length, (rows[y] ?? '').slice(0, x)),
    K: () => void (rows[y] = (rows[y] ?? '').slice(0, x))
  }

  // oxlint-disable-next-line no-control-regex
  for (const [text, count, control] of output.matchAll(/\u001b\[(\d*)([A-Z])|[^]/g)) {
    if (control !== undefined) {
      controls[control]!(Number(count === '' ? 1 : count))
    } else if (text === '\r') {
      x = 0
    } else if (text === '\n') {
      y++
    } else {
      ;[x, y] = x === COLUMNS ? [0, y + 1] : [x, y]
      put(text)
      x++
    }
  }

  return Array.from(rows, (row) => row ?? '')
}

describe.runIf(hasTerminals)('in a terminal', () => {
  let a: RunningNode
  let b: RunningNode
  beforeAll(async () => {
    a = await shell.node('--no-cup2py')
    b = await shell.node('--no-cup2py', '--peer', a.listen[0]!)
    await acquainted()
  })

  async function acquainted(): Promise<void> {
    await vi.waitFor(async () => {
      expect(await shell.json('status', ...at(a))).toMatchObject({ protocols: { shout: { peers: 1 } } })
    }, PATIENT)
  }

  it('a chat does not tear the line that is being typed, and ends with Ctrl-D', async () => {
    const listener = shell.spawn(['chat', ...at(b)])
    const typed = shell.terminal(['chat', ...at(a)])
    await Promise.all([shown(typed, '> '), shown(listener, 'you are')])
    const shows = async (...lines: unknown[]): Promise<void> =>
      vi.waitFor(() => expect(screen(typed.output.stdout)).toEqual(lines), OFTEN)
    const hello = expect.stringMatching(/^\* you are [\da-f]{8}, with 1 other; \/help says what there is$/)
    const heard = (text: string): unknown => expect.stringMatching(new RegExp(`^[\\da-f]{8}: ${text}$`))
    typed.child.stdin.write('half of a')
    await shows(hello, '> half of a')
    listener.child.stdin.write('in between\n')
    await shows(hello, heard('in between'), '> half of a')
    // on three rows
    const long = ' long'.repeat(40)
    typed.child.stdin.write(long)
    const line = `> half of a${long}`
    const rows = [line.slice(0, 80), line.slice(80, 160), line.slice(160)].map((row) => row.trimEnd())
    await shows(hello, heard('in between'), ...rows)
    listener.child.stdin.write('and again\n')
    await vi.waitFor(() => expect(screen(typed.output.stdout).join()).toMatch(/and again/), OFTEN)
    await shows(hello, heard('in between'), heard('and again'), ...rows)
    // to the end of the input at once: what was said before is said
    typed.child.stdin.write(' line\r\u0004')
    await shown(listener, /: half of a long.* line$/m)
    expect(await within(typed.ended, 'the end of the chat')).toBe(0)
    listener.child.stdin.end()
    expect(await within(listener.ended, 'the end of the listener')).toBe(0)
  })

  it('a chat ends with Ctrl-C, and with its node', async () => {
    const [first, second] = [shell.terminal(['chat', ...at(a)]), await shell.node('--no-cup2py', '--no-dht')]
    await shown(first, 'you are')
    first.child.stdin.write('\u0003')
    expect(await within(first.ended, 'the end after Ctrl-C')).toBe(0)
    const left = shell.terminal(['chat', ...at(second)])
    await shown(left, 'you are')
    second.child.kill('SIGKILL')
    expect(await within(left.ended, 'the end with its node')).toBe(1)
    expect(left.output.stdout).toMatch(/hearsay: the node stopped: .*\r\n$/)
  })

  it('what takes a while says what it does, to a person only', async () => {
    const key = ['dht', 'get', 'nothing', ...at(a)]
    const [asked, json] = [shell.terminal(key), shell.terminal([...key, '--json'])]
    expect([await within(asked.ended, 'the end'), await within(json.ended, 'the end')]).toEqual([1, 1])
    expect(asked.output.stdout).toMatch(/^looking …\r\nhearsay: no value was found/)
    expect(json.output.stdout).toMatch(/^hearsay: no value was found/)
    expect((await shell.run(key)).stderr).toMatch(/^hearsay: no value was found/)
  })

  it('a passphrase is asked for twice, and not shown', async () => {
    const dir = shell.dir()
    const out = join(dir, 'backup.json')
    await shell.run(['init', '--data-dir', dir])
    const asked = shell.terminal(['key', 'export', '--out', out, '--data-dir', dir])
    await shown(asked, 'Passphrase: ')
    asked.child.stdin.write('correct horse\r')
    await shown(asked, 'The same again: ')
    asked.child.stdin.write('correct horse\r')
    expect(await within(asked.ended, 'the end')).toBe(0)
    expect(asked.output.stdout).toMatch(/encrypting …\r\n.* is in .*backup\.json\r\n$/)
    expect(asked.output.stdout).not.toContain('horse')
    const file = join(dir, 'passphrase')
    writeFileSync(file, 'correct horse\n')
    const other = shell.dir()
    expect((await shell.run(['key', 'import', out, '--data-dir', other, '--passphrase-file', file])).code).toBe(0)
  })
})
