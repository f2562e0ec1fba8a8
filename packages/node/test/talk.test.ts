/** Commands of cup2py, shout and the DHT, as two people at two nodes use them. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { OFTEN, within } from './api-client.ts'
import { Shell } from './shell.ts'
import type { Process, RunningNode } from './shell.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

/** A command is a process of its own, and they are asked over and over */
const PATIENT = { timeout: 60_000, interval: 200 }
const SCRIPT = fileURLToPath(new URL('../../../docs/examples/dht-get.py', import.meta.url))
const ONE_LINE = /^hearsay: [^\n]+\n$/

interface Status {
  user: string
  protocols: Record<string, { peers: number }>
}
interface Records {
  own: string
  records: { hash: string; address: string }[]
}

const shell = new Shell()
let a: RunningNode
let b: RunningNode
let [userA, userB] = ['', '']
const at = ({ dataDir }: { dataDir: string }): string[] => ['--data-dir', dataDir]
const statusOf = async (node: RunningNode): Promise<Status> => shell.json<Status>('status', ...at(node))

beforeAll(async () => {
  a = await shell.node()
  b = await shell.node('--peer', a.listen[0]!)
  userA = (await statusOf(a)).user
  userB = (await statusOf(b)).user
  await Promise.all([acquainted(a, userB), acquainted(b, userA)])
})
afterAll(async () => shell.end())

/** Until the node knows the user, and speaks with it */
async function acquainted(node: RunningNode, user: string): Promise<void> {
  await vi.waitFor(async () => {
    const { records } = await shell.json<Records>('record', 'list', ...at(node))
    expect(records.map(({ hash }) => hash)).toEqual([user])
    expect((await statusOf(node)).protocols).toMatchObject({ shout: { peers: 1 }, dht: { peers: 1 } })
  }, PATIENT)
}

/** Once it hears */
async function chat(node: RunningNode, ...args: string[]): Promise<Process> {
  const made = shell.spawn(['chat', ...at(node), ...args])
  await vi.waitFor(() => expect(made.output.stdout + made.output.stderr).toContain('* you are '), PATIENT)
  return made
}

const said = async ({ output }: Process, text: string | RegExp): Promise<void> =>
  vi.waitFor(() => expect(output.stdout).toMatch(text), OFTEN)

async function leave({ child, ended }: Process): Promise<void> {
  child.stdin.write('/quit\n')
  expect(await within(ended, 'the end of a chat')).toBe(0)
}

const short = (user: string): string => user.slice(0, 8)

describe('chat', () => {
  it('carries lines to and fro, by the names of their users, and whispers to one', async () => {
    const [atA, atB] = [await chat(a), await chat(b)]
    atA.child.stdin.write('hello, everybody\n')
    await said(atB, new RegExp(`^${short(userA)}: hello, everybody$`, 'm'))
    atB.child.stdin.write(`/whisper ${short(userA)} just for you\n`)
    await said(atA, new RegExp(`^${short(userB)} whispers: just for you$`, 'm'))
    await said(atB, new RegExp(`^\\* ${short(userA)} has it$`, 'm'))
    expect(atB.output.stdout).not.toContain('just for you')
    await Promise.all([leave(atA), leave(atB)])
    expect([atA.output.stderr, atB.output.stderr]).toEqual(['', ''])
  })

  it('says who is there, and what else there is', async () => {
    const there = await chat(a)
    there.child.stdin.write('/who\n/help\n/dance\n/whisper\n/whisper 00000000 x\n')
    await said(there, new RegExp(`^\\* ${short(userA)} is you\n\\* ${short(userB)} is connected, at /ip4/`, 'm'))
    await said(there, /^\* \/quit +leave; so does Ctrl-D$/m)
    await said(there, /^\* there is no \/dance$/m)
    await said(there, /^\* \/whisper <name> text: a name is/m)
    await said(there, /^\* 00000000 is nobody we met/m)
    await leave(there)
    expect(there.output.stderr).toBe('')
  })

  it('ends with its input, once all was said', async () => {
    const listener = await chat(b)
    const { code } = await shell.run(['chat', ...at(a)], { stdin: 'one line\nand the last' })
    expect(code).toBe(0)
    await said(listener, /: one line\n.*: and the last$/m)
    await leave(listener)
  })

  it('is a line of JSON for each that is heard with --json, and lets nobody write to a terminal', async () => {
    const [json, text] = [await chat(b, '--json'), await chat(b)]
    const evil = '\u001b]0;title\u0007\u202eevil'
    await shell.run(['shout', ...at(a)], { stdin: evil })
    await said(text, /: �]0;title��evil$/m)
    await said(json, /title/)
    const heard = json.output.stdout.trimEnd().split('\n')
    expect(JSON.parse(heard[0]!)).toMatchObject({ kind: 'shout', value: evil, user: userA })
    expect(heard).toHaveLength(1)
    await Promise.all([leave(json), leave(text)])
  })

  it('says that the node stopped, exit code 1, in one line', async () => {
    const node = await shell.node('--no-cup2py', '--no-dht')
    const there = await chat(node)
    node.child.kill('SIGKILL')
    expect(await within(there.ended, 'the end of the chat')).toBe(1)
    expect(there.output.stderr).toMatch(ONE_LINE)
  })

  it('goes on with a node that was killed and started again', async () => {
    const dataDir = shell.dir()
    const other = await shell.node('--no-dht')
    const args = ['--no-dht', '--peer', other.listen[0]!]
    const first = await shell.nodeIn(dataDir, ...args)
    const { user } = await statusOf(first)
    first.child.kill('SIGKILL')
    await first.ended
    const second = await shell.nodeIn(dataDir, ...args)
    expect([(await statusOf(second)).user, second.peerId]).toEqual([user, first.peerId])
    const listener = await chat(other)
    await vi.waitFor(async () => {
      expect((await statusOf(second)).protocols).toMatchObject({ shout: { peers: 1 } })
    }, PATIENT)
    await shell.run(['shout', 'here again', ...at(second)])
    await said(listener, new RegExp(`^${short(user)}: here again$`, 'm'))
    await leave(listener)
    second.child.kill('SIGTERM')
    expect(await within(second.ended, 'the end of the node')).toBe(0)
  })
})

describe('shout, speak and whisper', () => {
  it('say how many heard it, and who has it', async () => {
    const listener = await chat(b)
    expect(await shell.run(['shout', 'to all', ...at(a)])).toEqual({ code: 0, stdout: 'sent to 1 peers\n', stderr: '' })
    expect(await shell.json('speak', 'to those near', ...at(a))).toMatchObject({ peers: 1 })
    const whispered = await shell.run(['whisper', short(userB), 'to one', ...at(a)])
    expect(whispered).toEqual({ code: 0, stdout: `${short(userB)} has it\n`, stderr: '' })
    await said(listener, new RegExp(`: to all\n.*: to those near\n${short(userA)} whispers: to one$`, 'm'))
    await leave(listener)
  })

  it.each([
    ['a user that nobody met', ['whisper', 'deadbeef', 'x'], 1, /deadbeef is nobody we met: "hearsay record search"/],
    ['what is no user', ['whisper', '../x', 'x'], 1, /to: must be a user hash or the first digits of one/],
    ['more than a message holds', ['shout'], 2, /a message has at most 65536 bytes, and stdin has more/]
  ])('refuse %s in one line', async (_name, args, code, message) => {
    const outcome = await shell.run([...args, ...at(a)], { stdin: 'x'.repeat(70_000) })
    expect([outcome.code, outcome.stdout]).toEqual([code, ''])
    expect(outcome.stderr).toMatch(ONE_LINE)
    expect(outcome.stderr).toMatch(message)
  })
})

describe.concurrent('record', () => {
  it('publish and search find each other', async () => {
    const published = await shell.run(['record', 'publish', ...at(b)])
    expect(published).toMatchObject({ code: 0, stdout: expect.stringMatching(/told to 1 users\n$/) as string })
    const { record } = await shell.json<{ record: { address: string } }>('record', 'search', userB, ...at(a))
    expect(record.address).toBe(b.listen[0])
    const { stdout } = await shell.run(['record', 'search', short(userB), ...at(a)])
    expect(stdout).toMatch(new RegExp(`^${userB}\nis at ${b.listen[0]!}\nas of \\d{4}-.*\nasked \\d+ peers`))
  })

  it('search says that there is none, exit code 1', async () => {
    const { code, stdout } = await shell.run(['record', 'search', '0'.repeat(64), ...at(a)])
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^nothing was found; asked 1 peers/)])
  })

  it('list says who is known', async () => {
    const { stdout } = await shell.run(['record', 'list', ...at(a)])
    expect(stdout).toMatch(new RegExp(`^user +date +address\n${userB}  .*\nwe are ${userA}\n$`))
    expect((await shell.run(['record', 'list', '0000', ...at(a)])).stdout).toBe(`nobody\nwe are ${userA}\n`)
  })

  it('export and import carry the book to a node of its own', async () => {
    const file = join(shell.dir(), 'book.txt')
    const alone = await shell.node('--no-gossip', '--no-shout', '--no-dht')
    // b's and its own
    expect(await shell.json('record', 'export', '--out', file, ...at(a))).toEqual({ records: 2, file })
    expect(await shell.run(['record', 'export', '--out', file, ...at(a)])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/exists: give another name/) as string
    })
    expect((await shell.run(['record', 'export', ...at(a)])).stdout).toBe(readFileSync(file, 'utf8'))
    expect(await shell.json('record', 'import', file, ...at(alone))).toEqual({ records: 2, taken: 2, refused: [] })
    const { records } = await shell.json<Records>('record', 'list', ...at(alone))
    expect(records.map(({ hash }) => hash).toSorted()).toEqual([userA, userB].toSorted())
    // the same again is no news; one that was changed is refused, by its line
    const text = JSON.parse(readFileSync(file, 'utf8').split('\n', 1)[0]!) as string
    const forged = text.replace(/\/tcp\/\d+/, '/tcp/1')
    expect(forged).not.toBe(text)
    writeFileSync(file, `${JSON.stringify(text)}\n\n${JSON.stringify(forged)}\n`)
    const { code, stdout } = await shell.run(['record', 'import', file, ...at(alone)])
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(/^0 of 2 were news\nline 2: .* is refused: its key did not sign it\n$/)
    ])
  })

  it.each([
    ['a file that is not there', ['import', '/nowhere/book.txt'], /cannot read \/nowhere\/book\.txt: ENOENT/],
    ['what is no book', ['import', SCRIPT], /^hearsay: line 1 of .* is no record that "hearsay record export" wrote/],
    ['what is no user', ['search', 'x y'], /a user is known by 64 hexadecimal digits/]
  ])('refuses %s in one line', async (_name, args, message) => {
    const { code, stdout, stderr } = await shell.run(['record', ...args, ...at(a)])
    expect([code === 0, stdout]).toEqual([false, ''])
    expect(stderr).toMatch(ONE_LINE)
    expect(stderr).toMatch(message)
  })
})

describe.concurrent('dht', () => {
  it('put at one node is got at the other, by name and by key', async () => {
    const put = await shell.run(['dht', 'put', 'a name', 'hello', '--ttl', '600', ...at(a)])
    expect(put).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^2 copies, 2 read back, until \d{4}-/) as string
    })
    expect((await shell.run(['dht', 'get', 'a name', ...at(b)])).stdout).toBe('hello')
    const { key } = await shell.json<{ key: string }>('dht', 'get', 'a name', ...at(b))
    expect((await shell.run(['dht', 'get', key.toUpperCase(), ...at(b)])).stdout).toBe('hello')
  })

  it('carries any bytes', async () => {
    const bytes = Buffer.from(Array.from({ length: 2_000 }, (_, i) => i % 256))
    await shell.run(['dht', 'put', 'bytes', ...at(a)], { stdin: bytes })
    const { value } = await shell.json<{ value: string }>('dht', 'get', 'bytes', ...at(b))
    expect(Buffer.from(value, 'base64').equals(bytes)).toBe(true)
  })

  it('keeps what is owned apart', async () => {
    await shell.run(['dht', 'put', 'mine', 'of a', '--owned', ...at(a)])
    expect((await shell.run(['dht', 'get', 'mine', '--owned', ...at(a)])).stdout).toBe('of a')
    expect((await shell.run(['dht', 'get', 'mine', '--owned', ...at(b)])).code).toBe(1)
  })

  it.each([
    ['what nobody put', ['get', 'nothing'], 1, /no value was found under [\da-f]{64}/],
    ['a wrong ttl', ['put', 'x', 'y', '--ttl', '70000'], 2, /--ttl must be an integer from 0 to 65535/],
    ['an empty value', ['put', 'x', ''], 1, /value must have 1 to 65495 bytes/]
  ])('refuses %s in one line', async (_name, args, code, message) => {
    const outcome = await shell.run(['dht', ...args, ...at(a)])
    expect([outcome.code, outcome.stdout]).toEqual([code, ''])
    expect(outcome.stderr).toMatch(ONE_LINE)
    expect(outcome.stderr).toMatch(message)
  })

  it('is fetched by a script of ten lines in Python, as the README says', async ({ skip }) => {
    const hasPython = spawnSync('python3', ['--version']).status === 0

    if (!hasPython) {
      console.warn('no python3 found: the script of the README is not run')
      skip('no python3')
    }

    expect(
      readFileSync(SCRIPT, 'utf8')
        .split('\n')
        .filter((line) => !/^(?:#.*)?$/.test(line)).length
    ).toBeLessThanOrEqual(10)
    await shell.run(['dht', 'put', 'for Python', 'grüße', ...at(a)])
    const fetched = spawnSync('python3', [SCRIPT, 'for Python', b.dhtApi], { encoding: 'utf8' })
    expect([fetched.stdout, fetched.stderr]).toEqual(['grüße\n', ''])
    expect(spawnSync('python3', [SCRIPT, 'not there', b.dhtApi], { encoding: 'utf8' }).stdout).toBe('not found\n')
  })
})

it('a protocol that is off is named, exit code 1', async () => {
  const node = await shell.node('--no-shout', '--no-cup2py')
  const outcomes = await Promise.all([shell.run(['chat', ...at(node)]), shell.run(['record', 'list', ...at(node)])])
  expect(outcomes).toEqual(
    ['shout', 'cup2py'].map((name) => ({
      code: 1,
      stdout: '',
      stderr: `hearsay: ${name} is turned off at this node (--no-${name})\n`
    }))
  )
  expect(existsSync(join(node.dataDir, 'users'))).toBe(false)
})
