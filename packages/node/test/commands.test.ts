import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { userHash } from '@hearsay/protocol-cup2py'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { commands } from '../src/cli/commands/index.ts'
import { lineOf } from '../src/cli/passphrase.ts'
import { optionKeys } from '../src/config/options.ts'
import { openUserKey, userKeyPath } from '../src/user-key.ts'
import { OFTEN, within } from './api-client.ts'
import { Shell } from './shell.ts'
import type { AddressInfo } from 'node:net'
import type { RunningNode } from './shell.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 })

/** What is asked by a command is a process of its own each time */
const PATIENT = { timeout: 90_000, interval: 200 }

const shell = new Shell()
let a: RunningNode
let b: RunningNode
beforeAll(async () => {
  a = await shell.node()
  b = await shell.node('--peer', a.listen[0]!, '--log-format', 'json')
  await vi.waitFor(() => {
    if (!a.output.stderr.includes(`inbound peer ${b.peerId}`)) {
      throw new Error(`they did not find each other: ${a.output.stderr}`)
    }
  }, OFTEN)
})
afterAll(async () => shell.end())

const PEER = '12D3KooWJGcy8N8CLTWgBpoKjuWU3betewnk2y8g96E3bxyAqtqC'
const at = ({ dataDir }: { dataDir: string }): string[] => ['--data-dir', dataDir]
const ONE_LINE = /^hearsay: [^\n]+\n$/

describe.concurrent('every command', () => {
  it.each(commands.map((spec) => [spec.name, spec] as const))(
    '%s has help with examples and exit codes',
    async (name, spec) => {
      const { code, stdout, stderr } = await shell.run([...name.split(' '), '--help'])
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toMatch(new RegExp(`Examples:\n +hearsay ${name}`))
      expect(stdout).toMatch(/Exit codes: 0 .*, 1 .*, 2 /)
      expect(stdout.includes(', 3 no node runs')).toBe(spec.asksNode)
      expect(stdout).toContain('--json')
      expect(stdout).toContain('--data-dir <path>')
    }
  )

  it.each(commands.filter(({ asksNode }) => asksNode).map(({ name, args = [] }) => [name, args] as const))(
    '%s says when no node runs, exit code 3',
    async (name, args) => {
      const dir = shell.dir()
      const given = args.filter(([syntax]) => syntax.startsWith('<')).map(() => '1')
      const { code, stdout, stderr } = await shell.run([...name.split(' '), ...given, '--data-dir', dir])
      expect([code, stdout, stderr]).toEqual([
        3,
        '',
        `hearsay: no node runs with the data directory ${dir}: start one with "hearsay start"\n`
      ])
    }
  )

  it.each([
    [['stauts'], 'status'],
    [['key', 'exprot'], 'export'],
    [['config', 'sho'], 'show'],
    [['why', PEER, '--jsno'], '--json']
  ])('that is unknown names the nearest: %j', async (args, nearest) => {
    const { code, stderr } = await shell.run(args)
    expect(code).toBe(2)
    expect(stderr).toContain(`(Did you mean ${nearest}?)`)
  })

  it('is explained by its group', async () => {
    const { stdout } = await shell.run(['key', '--help'])
    expect(stdout).toMatch(/\n {2}export .*\n {2}import .*\n {2}rotate /s)
  })

  it('finds the node by its variable and by its file', async () => {
    const file = join(shell.dir(), 'node.toml')
    writeFileSync(file, `data-dir = "${a.dataDir}"\n`)
    const outcomes = [
      await shell.run(['status', '--json'], { env: { HEARSAY_DATA_DIR: a.dataDir } }),
      await shell.run(['status', '--json', '--config', file])
    ]
    expect(outcomes.map(({ stdout }) => (JSON.parse(stdout) as { peerId: string }).peerId)).toEqual([
      a.peerId,
      a.peerId
    ])
  })
})

describe.concurrent('status, peers and why', () => {
  it('say how the node is', async () => {
    expect(await shell.json('status', ...at(b))).toMatchObject({ peerId: b.peerId, ready: true, listen: b.listen })
    const { stdout } = await shell.run(['status', ...at(b)])
    expect(stdout).toContain(`${b.peerId} (hearsay `)
    expect(stdout).toContain('gossip: ready, 1 peers')
  })

  it('say who is connected', async () => {
    expect(await shell.json('peers', ...at(a))).toMatchObject({ peers: [{ peer: b.peerId, direction: 'inbound' }] })
    expect((await shell.run(['peers', ...at(a)])).stdout).toMatch(
      new RegExp(
        `^peer +direction +protocols +since +address\n${b.peerId}  inbound    gossip, cup2py, shout, dht  \\d{4}-`
      )
    )
  })

  it('say why a peer was refused', async () => {
    const strict = await shell.node('--difficulty-bits', '30')
    const lazy = await shell.node('--peer', strict.listen[0]!)
    await vi.waitFor(async () => {
      const { stdout } = await shell.run(['why', lazy.peerId, ...at(strict)])
      expect(stdout).toMatch(new RegExp(`^${lazy.peerId} is `))
      expect(stdout).toMatch(/\n\d{4}-\S+Z  gossip    wrong proof  its proof of work is none; .*--difficulty-bits/)
    }, PATIENT)
  })

  it('say that a peer was not refused', async () => {
    const { stdout } = await shell.run(['why', PEER, ...at(a)])
    expect(stdout).toBe(`${PEER} is not connected.\nIt was not refused, as far as is remembered.\n`)
  })

  it.each(['../..', 'x', PEER.slice(0, -1)])('refuse what is no peer id, exit code 1: %s', async (text) => {
    const stderr = `hearsay: ${JSON.stringify(text)} is no peer id\n`
    expect(await shell.run(['why', text, ...at(a)])).toEqual({ code: 1, stdout: '', stderr })
  })
})

describe.concurrent('announce and listen', () => {
  /** Once it hears */
  async function listening(dataType: number, ...args: string[]): Promise<ReturnType<Shell['spawn']>> {
    const listener = shell.spawn(['listen', String(dataType), ...at(b), ...args])
    await vi.waitFor(async () => {
      await shell.run(['announce', String(dataType), 'there?', ...at(a)])
      expect(listener.output.stdout).toContain(args.includes('--json') ? 'dGhlcmU/' : 'there?')
    }, PATIENT)
    return listener
  }

  it('reach from one node to the other, on the same line', async () => {
    const listener = await listening(42)
    const { code, stdout } = await shell.run(['announce', '42', 'psst', ...at(a)])
    expect([code, stdout]).toEqual([0, 'sent to 1 peers\n'])
    await vi.waitFor(() => expect(listener.output.stdout).toMatch(/^\d{4}-\S+Z psst$/m), OFTEN)
    listener.child.kill('SIGINT')
    expect(await within(listener.ended, 'the end')).toBe(0)
    expect(listener.output.stderr).toBe('')
  })

  it('carry anything, from stdin to JSON', async () => {
    const listener = await listening(43, '--json')
    const bytes = Buffer.from(Array.from({ length: 60_000 }, (_, i) => i % 256))
    await shell.run(['announce', '43', '--ttl', '1', ...at(a)], { stdin: bytes })
    await vi.waitFor(() => expect(listener.output.stdout).toContain(bytes.toString('base64')), OFTEN)
    listener.child.kill('SIGTERM')
    await within(listener.ended, 'the end')
    const lines = listener.output.stdout.trimEnd().split('\n')
    expect(lines.every((line) => (JSON.parse(line) as { dataType: number }).dataType === 43)).toBe(true)
  })

  it('end after so many', async () => {
    const listener = shell.spawn(['listen', '44', '--count', '1', ...at(b)])
    await vi.waitFor(async () => {
      await shell.run(['announce', '44', 'x', ...at(a)])
      expect(listener.output.stdout).not.toBe('')
    }, PATIENT)
    expect(await within(listener.ended, 'the end')).toBe(0)
    expect(listener.output.stdout).toMatch(/^[^\n]+ x\n$/)
  })

  it('let nobody write to the terminal of a listener', async () => {
    const listener = await listening(45)
    await shell.run(['announce', '45', '\u001b]0;title\u0007\u202eevil\nsecond', ...at(a)])
    await vi.waitFor(() => expect(listener.output.stdout).toContain('title'), OFTEN)
    expect(listener.output.stdout).toContain(' �]0;title��evil�second\n')
    listener.child.kill('SIGINT')
    await within(listener.ended, 'the end')
  })

  it('say that the node stopped, exit code 1', async () => {
    const node = await shell.node()
    const listener = shell.spawn(['listen', '1', ...at(node), '--json'])
    await vi.waitFor(async () => {
      await shell.run(['announce', '1', 'x', ...at(node)])
      expect(listener.output.stdout).not.toBe('')
    }, PATIENT)
    const asked = performance.now()
    node.child.kill('SIGTERM')
    expect(await within(node.ended, 'the end of the node')).toBe(0)
    expect(performance.now() - asked).toBeLessThan(2_000)
    expect(await within(listener.ended, 'the end of the listener')).toBe(1)
    expect(listener.output.stderr).not.toContain('    at ')
  })

  it.each([
    ['a data type', ['announce', '65536', 'x'], 2, 'data-type must be an integer from 0 to 65535, and is "65536"'],
    ['a ttl', ['announce', '1', 'x', '--ttl', '-1'], 2, '--ttl must be an integer from 0 to 255, and is "-1"'],
    ['no number', ['listen', 'x'], 2, 'data-type must be an integer from 0 to 65535, and is "x"'],
    [
      'too much',
      ['announce', '1', 'x'.repeat(65_520)],
      1,
      'data.byteLength must be an integer from 0 to 65519, and is 65520'
    ]
  ])('refuse %s in one line', async (_name, args, code, why) => {
    const outcome = await shell.run([...args, ...at(a)])
    expect(outcome).toEqual({ code, stdout: '', stderr: `hearsay: ${why}\n` })
  })

  it('refuse more on stdin than an announce may have', async () => {
    const outcome = await shell.run(['announce', '1', ...at(a)], { stdin: Buffer.alloc(70_000) })
    expect(outcome).toMatchObject({
      code: 2,
      stderr: 'hearsay: an announce has at most 65519 bytes, and stdin has more\n'
    })
  })
})

describe.concurrent('config', () => {
  it('show says where each value comes from', async () => {
    const file = join(shell.dir(), 'node.toml')
    writeFileSync(file, 'degree = 3\ncache-size = 7\n')
    const args = ['config', 'show', '--origin', '--config', file, '--max-connections', '12']
    const env = { HEARSAY_CACHE_SIZE: '8' }
    const { code, stdout } = await shell.run(args, { env })
    expect(code).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((line) => line.split(/ {2,}/)[0])).toEqual(['option', ...optionKeys])
    expect(stdout).toMatch(new RegExp(`^degree +3 +degree in ${file}$`, 'm'))
    expect(stdout).toMatch(/^cache-size +8 +HEARSAY_CACHE_SIZE$/m)
    expect(stdout).toMatch(/^max-connections +12 +--max-connections$/m)
    expect(stdout).toMatch(/^min-connections +6 +default$/m)
    expect(stdout).toMatch(/^hostkey +\(not set\) +default$/m)
    const json = JSON.parse((await shell.run([...args, '--json'], { env })).stdout) as object
    expect(json).toMatchObject({ degree: { value: 3, origin: `degree in ${file}` }, hostkey: { value: null } })
  })

  it('show says what start would run with', async () => {
    expect(await shell.json('config', 'show', '--gossip-api', '[::1]:1')).toMatchObject({
      'gossip-api': { host: '::1', port: 1 },
      degree: 4
    })
  })

  it('validate says yes, or what is wrong with exit code 2', async () => {
    const file = join(shell.dir(), 'node.toml')
    writeFileSync(file, 'degree = 3\n')
    expect(await shell.run(['config', 'validate', '--config', file])).toEqual({
      code: 0,
      stdout: 'valid\n',
      stderr: ''
    })
    writeFileSync(file, 'degre = 3\n')
    const wrong = `hearsay: unknown key "degre" in ${file}; did you mean "degree"?\n`
    expect(await shell.run(['config', 'validate', '--config', file])).toEqual({ code: 2, stdout: '', stderr: wrong })
    const tight = await shell.run(['config', 'validate', '--max-memory', '192'])
    expect(tight).toMatchObject({ code: 2, stderr: expect.stringContaining('need max-memory of 441 MiB') as string })
  })
})

describe.concurrent('init and key', () => {
  interface Init {
    peerId: string
    keyFile: string
  }

  function passphrase(words: string): string {
    const file = join(shell.dir(), 'passphrase')
    writeFileSync(file, `${words}\n`)
    return file
  }

  /** Made if there is none, as a start does. @returns its hash */
  const userIn = async (dataDir: string, name: string): Promise<string> =>
    userHash((await openUserKey({ dataDir, name, passphraseFile: undefined })).publicKey.pkcs1Pem)

  it('init makes an identity once, and says where it is', async () => {
    const dir = join(shell.dir(), 'new')
    const first = await shell.json<Init>('init', '--data-dir', dir)
    expect(first.keyFile).toBe(join(dir, 'identity.key'))
    expect(statSync(first.keyFile).mode & 0o777).toBe(0o600)
    expect(await shell.json('init', '--data-dir', dir)).toEqual(first)
    expect((await shell.run(['init', '--data-dir', dir])).stdout).toContain(first.keyFile)
  })

  it('export and import carry the identity to another directory', async () => {
    const [dir, other] = [shell.dir(), shell.dir()]
    const out = join(other, 'backup.json')
    const { peerId, keyFile } = await shell.json<Init>('init', '--data-dir', dir)
    const secret = ['--passphrase-file', passphrase('correct horse')]
    expect(await shell.json('key', 'export', '--out', out, '--data-dir', dir, ...secret)).toEqual({ peerId, file: out })
    expect(statSync(out).mode & 0o777).toBe(0o600)
    expect(readFileSync(out).includes(readFileSync(keyFile).subarray(4, 36))).toBe(false)
    expect(await shell.json('key', 'import', out, '--data-dir', other, ...secret)).toEqual({ peerId, former: null })
    expect(await shell.json('init', '--data-dir', other)).toMatchObject({ peerId })
    const again = await shell.run(['key', 'import', out, '--data-dir', other, ...secret])
    expect(again).toMatchObject({ code: 0, stdout: `the identity is ${peerId} already\n` })
  })

  it('export writes to stdout too, and never over a file', async () => {
    const dir = shell.dir()
    await shell.run(['init', '--data-dir', dir])
    const secret = ['--passphrase-file', passphrase('x')]
    const { stdout } = await shell.run(['key', 'export', '--data-dir', dir, ...secret])
    expect(JSON.parse(stdout)).toMatchObject({ format: 'hearsay-key-1' })
    const out = join(dir, 'identity.key')
    const refused = await shell.run(['key', 'export', '--out', out, '--data-dir', dir, ...secret])
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(ONE_LINE) as string })
  })

  it('import needs the right passphrase, and --force over another identity, which it keeps', async () => {
    const [dir, other] = [shell.dir(), shell.dir()]
    const out = join(dir, 'backup.json')
    const { peerId } = await shell.json<Init>('init', '--data-dir', dir)
    const former = await shell.json<Init>('init', '--data-dir', other)
    const secret = ['--passphrase-file', passphrase('right')]
    await shell.run(['key', 'export', '--out', out, '--data-dir', dir, ...secret])
    const wrong = ['key', 'import', out, '--data-dir', other, '--force', '--passphrase-file', passphrase('wrong')]
    expect(await shell.run(wrong)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'hearsay: the passphrase is wrong, or the file was changed\n'
    })
    const unforced = await shell.run(['key', 'import', out, '--data-dir', other, ...secret])
    expect(unforced.stderr).toBe(`hearsay: the identity is ${former.peerId}: --force replaces it, and keeps its key\n`)
    expect(await shell.json('init', '--data-dir', other)).toMatchObject({ peerId: former.peerId })
    const kept = join(other, `identity-${former.peerId}.key`)
    const forced = await shell.json('key', 'import', out, '--data-dir', other, '--force', ...secret)
    expect(forced).toEqual({ peerId, former: kept })
    expect([existsSync(kept), statSync(kept).mode & 0o777]).toEqual([true, 0o600])
  })

  it('export and import carry the key of a user to another directory, and keep the one that is there', async () => {
    const [dir, other] = [shell.dir(), shell.dir()]
    const out = join(dir, 'user.json')
    const secret = ['--passphrase-file', passphrase('correct horse')]
    const [hash, formerHash] = [await userIn(dir, 'user'), await userIn(other, 'user')]
    const options = ['--data-dir', dir, ...secret]
    expect(await shell.json('key', 'export', 'user', '--out', out, ...options)).toEqual({ user: hash, file: out })
    expect([statSync(out).mode & 0o777, readFileSync(out, 'utf8').includes('BEGIN')]).toEqual([0o600, false])

    const into = ['key', 'import', out, '--data-dir', other, ...secret]
    expect((await shell.run(into)).stderr).toBe(
      `hearsay: the key of user user is that of ${formerHash}: --force replaces it, and keeps it\n`
    )
    const former = `user-${formerHash.slice(0, 8)}`
    expect(await shell.json(...into, '--force')).toEqual({ user: hash, former })
    expect([await userIn(other, 'user'), await userIn(other, former)]).toEqual([hash, formerHash])
    expect((await shell.run(into)).stdout).toBe(`the key of user user is that of ${hash} already\n`)
    // under another name, encrypted as the node has it
    const anna = ['--user', 'anna', '--user-passphrase-file', passphrase('at rest')]
    expect(await shell.json(...into, ...anna)).toEqual({ user: hash, former: null })
    expect(readFileSync(userKeyPath(other, 'anna'), 'utf8')).toContain('"kdf":"scrypt"')
    const again = ['key', 'export', 'user', '--data-dir', other, '--user', 'anna', ...secret]
    expect(await shell.run(again)).toMatchObject({ code: 1, stderr: expect.stringMatching(ONE_LINE) as string })
    expect(await shell.run([...again, ...anna.slice(2)])).toMatchObject({ code: 0, stderr: '' })
  })

  it.each([
    ['of a user that is not there', ['export', 'user'], 1, /there is no key of user user in .*: the first start/],
    ['of neither', ['export', 'usr'], 2, /a key is identity or user, and not "usr"/]
  ])('export says when it is %s', async (_name, args, code, why) => {
    const outcome = await shell.run(['key', ...args, '--data-dir', shell.dir(), '--passphrase-file', passphrase('x')])
    expect(outcome).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(ONE_LINE) as string })
    expect(outcome.stderr).toMatch(why)
  })

  it('import opens the key of a user with its passphrase alone, and takes no damaged one', async () => {
    const dir = shell.dir()
    await userIn(dir, 'user')
    const args = ['--data-dir', dir, '--passphrase-file', passphrase('right')]
    const { stdout } = await shell.run(['key', 'export', 'user', ...args])
    const [whole, half] = [join(dir, 'whole.json'), join(dir, 'half.json')]
    writeFileSync(whole, stdout)
    writeFileSync(half, JSON.stringify({ ...(JSON.parse(stdout) as object), data: 'AAAA' }))
    const wrong = ['--data-dir', dir, '--passphrase-file', passphrase('wrong')]
    expect((await shell.run(['key', 'import', whole, ...wrong])).stderr).toMatch(
      /^hearsay: cannot import the key of a user: the password does not open this key/
    )
    expect((await shell.run(['key', 'import', half, ...args])).stderr).toMatch(
      /^hearsay: cannot import the key of a user: .* damaged: restore it from a copy\n$/
    )
  })

  it('a passphrase is no novel', async () => {
    const dir = shell.dir()
    await shell.run(['init', '--data-dir', dir])
    const novel = passphrase('x'.repeat(1_025))
    expect(await shell.run(['key', 'export', '--data-dir', dir, '--passphrase-file', novel])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'hearsay: the passphrase is longer than 1024 characters\n'
    })
    const started = await shell.run(['start', '--data-dir', dir, '--user-passphrase-file', novel])
    expect([started.code, started.stderr]).toEqual([1, expect.stringMatching(/is too long, and must be a passphrase/)])
  })

  it('rotate makes a new identity, and keeps the former one', async () => {
    const dir = shell.dir()
    const former = await shell.json<Init>('init', '--data-dir', dir)
    const key = readFileSync(former.keyFile)
    const rotated = await shell.json<{ peerId: string; former: string }>('key', 'rotate', '--data-dir', dir)
    expect(rotated.peerId).not.toBe(former.peerId)
    expect(readFileSync(rotated.former)).toEqual(key)
    expect(await shell.json('init', '--data-dir', dir)).toMatchObject({ peerId: rotated.peerId })
  })

  it.each([
    [['export'], 2, 'there is no terminal to ask for a passphrase: give --passphrase-file'],
    [['export', '--passphrase-file', '/none'], 2, 'cannot read the passphrase file /none: ENOENT'],
    [['import', '/none'], 1, 'cannot read /none: ENOENT']
  ])('%j is told in one line', async ([name, ...args], code, why) => {
    const dir = shell.dir()
    await shell.run(['init', '--data-dir', dir])
    const outcome = await shell.run(['key', name!, '--data-dir', dir, ...args])
    expect(outcome).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(ONE_LINE) as string })
    expect(outcome.stderr).toContain(why)
  })

  it('export says when there is no identity', async () => {
    const dir = shell.dir()
    const outcome = await shell.run(['key', 'export', '--data-dir', dir, '--passphrase-file', passphrase('x')])
    expect(outcome).toMatchObject({
      code: 1,
      stderr: `hearsay: there is no identity in ${dir}: "hearsay init" makes one\n`
    })
  })
})

describe('a passphrase', () => {
  it.each([
    ['typed key by key', ['a', 'b', '\r'], 'ab'],
    ['typed at once', ['ab\rc'], 'ab'],
    ['with a slip', ['ax\u007fb\n'], 'ab'],
    ['with too many corrections', ['\b\ba\u0004'], 'a'],
    ['of nothing', ['\r'], '']
  ])('%s is what was meant', async (_name, keys, meant) => {
    const terminal = new PassThrough()
    const line = lineOf(terminal)
    keys.forEach((key) => terminal.write(key))
    expect(await within(line, 'the line')).toBe(meant)
  })

  it('that is called off is none', async () => {
    const terminal = new PassThrough()
    const line = lineOf(terminal)
    terminal.write('ab\u0003')
    await expect(line).rejects.toThrow('no passphrase was given')
  })
})

describe.concurrent('doctor', () => {
  it('finds nothing wrong where a node runs, and knows that the ports are its own', async () => {
    const { listen, gossipApi } = await shell.json<{ listen: string[]; gossipApi: string }>('status', ...at(a))
    const address = listen[0]!.replace(/\/p2p\/.*/, '')
    const args = ['doctor', ...at(a), '--listen', address, '--gossip-api', gossipApi]
    const { code, stdout } = await shell.run(args)
    expect(code).toBe(0)
    expect(stdout).not.toMatch(/^fail/m)
    expect(stdout.match(/is in use by the node that runs/g)).toHaveLength(2)
    expect(stdout).toMatch(/^warn {2}reachability: only this machine can reach the node\n {6}give --listen /m)
  })

  it('says what is wrong and how to mend it, exit code 1', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as AddressInfo
    const dir = shell.dir()
    await shell.run(['init', '--data-dir', dir])
    chmodSync(join(dir, 'identity.key'), 0o644)
    mkdirSync(join(dir, 'users'))
    writeFileSync(join(dir, 'users', 'user_privateKey.pem'), '', { mode: 0o644 })
    const flags = ['--gossip-api', `127.0.0.1:${port}`, '--peer', '/ip4/127.0.0.1/tcp/1', '--max-memory', '1048576']
    const { code, stdout } = await shell.run(['doctor', '--json', '--data-dir', dir, ...flags])
    taken.close()
    expect(code).toBe(1)
    const { findings } = JSON.parse(stdout) as { findings: { name: string; level: string; fix?: string }[] }
    const failed = findings.filter(({ level }) => level === 'fail')
    expect(failed.map(({ name }) => name)).toEqual(['memory', 'key', 'user key', `port ${port}`, 'peers'])
    expect(failed.every(({ fix }) => fix !== undefined && fix.length > 10)).toBe(true)
  })
})

it('bench tells the rates of this machine', async () => {
  const rates = await shell.json<Record<string, number>>('bench', '--bits', '20', '--data-dir', shell.dir())
  expect(Object.keys(rates)).toEqual([
    'hashesPerSecond',
    'bits',
    'secondsPerProof',
    'checksPerSecond',
    'relayedPerSecond'
  ])
  expect(Object.values(rates).every((rate) => rate > 0)).toBe(true)
  expect(rates['secondsPerProof']).toBeCloseTo(2 ** 20 / rates['hashesPerSecond']!)
})

it('a log in JSON is a line of JSON for each', () => {
  const lines = b.output.stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>)
  expect(lines.length).toBeGreaterThan(0)
  expect(lines.map((line) => Object.keys(line).join())).toEqual(lines.map(() => 'time,level,message'))
  expect(lines.map(({ message }) => message)).toContain(`gossip: outbound peer ${a.peerId}`)
})
