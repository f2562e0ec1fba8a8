import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { optionKeys, options } from '../src/config/options.ts'
import { announceFrame, ApiClient, frame, notifyFrame, OFTEN, within } from './api-client.ts'
import type { ChildProcessByStdio } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import type { HostPort } from '@hearsay/node'
import type { AnyOption } from '../src/config/options.ts'

vi.setConfig({ testTimeout: 60_000 })

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
/** In ms; what a node may take to end */
const SHUTDOWN = 2_000
const FREE_PORTS = ['--listen', '/ip4/127.0.0.1/tcp/0', '--gossip-api', '127.0.0.1:0', '--dht-api', '127.0.0.1:0']

let root = ''
/** Those that run, with their end */
const children = new Map<ChildProcessByStdio<null, Readable, Readable>, Promise<unknown>>()
const ends: (() => Promise<void> | void)[] = []
beforeAll(() => (root = mkdtempSync(join(tmpdir(), 'hearsay-cli-test-'))))
afterAll(async () => {
  await Promise.all(ends.map(async (end) => end()))
  await Promise.all(
    [...children].map(async ([child, ended]) => {
      child.kill('SIGKILL')
      await ended
    })
  )
  rmSync(root, { recursive: true, force: true })
})

const newDir = (): string => mkdtempSync(join(root, 'data-'))

interface SpawnOptions {
  env?: Record<string, string>
  /** Arguments of Node.js itself */
  nodeArgs?: string[]
}

interface Command {
  child: ChildProcessByStdio<null, Readable, Readable>
  /** So far */
  output: { stdout: string; stderr: string }
  /** The code it exits with, or the signal that ends it */
  ended: Promise<number | NodeJS.Signals>
}

/** The command as a shell would run it, in an environment without options */
function hearsay(args: readonly string[], { env = {}, nodeArgs = [] }: SpawnOptions = {}): Command {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HEARSAY_'))
  const child = spawn(process.execPath, [...nodeArgs, MAIN, ...args], {
    env: { ...Object.fromEntries(inherited), XDG_DATA_HOME: join(root, 'home'), COLUMNS: '200', ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (output.stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (output.stderr += String(chunk)))
  const ended = once(child, 'close').then(([code, signal]) => {
    children.delete(child)
    return (code ?? signal) as number | NodeJS.Signals
  })
  children.set(child, ended)
  return { child, output, ended }
}

interface Outcome {
  code: number | NodeJS.Signals
  stdout: string
  stderr: string
}

async function outcomeOf(args: readonly string[], spawnOptions?: SpawnOptions): Promise<Outcome> {
  const { output, ended } = hearsay(args, spawnOptions)
  return { code: await within(ended, `the end of hearsay ${args.join(' ')}`), ...output }
}

interface Summary {
  peerId: string
  listen: string[]
  gossipApi: string
  dhtApi: string
}

interface Running extends Command, Summary {
  api: HostPort
}

/** A node that runs, once it says where */
async function start(...args: string[]): Promise<Running> {
  const command = hearsay(['start', '--json', '--data-dir', newDir(), '--difficulty-bits', '0', ...FREE_PORTS, ...args])
  const lines = createInterface({ input: command.child.stdout })
  const first = await within(Promise.race([once(lines, 'line'), once(lines, 'close')]), 'the first line')

  if (first.length === 0) {
    throw new Error(`it did not start: ${command.output.stderr}`)
  }

  const summary = JSON.parse(String(first[0])) as Summary
  return { ...command, ...summary, api: hostPort(summary.gossipApi) }
}

function hostPort(text: string): HostPort {
  const colon = text.lastIndexOf(':')
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) }
}

async function connect(api: HostPort, ...frames: Uint8Array[]): Promise<ApiClient> {
  const client = await ApiClient.connect(api)
  ends.push(() => client.close())

  if (frames.length > 0) {
    client.send(...frames)
  }

  return client
}

/** Until the node said it on stderr */
const logged = async ({ output }: Command, text: string | RegExp): Promise<void> =>
  vi.waitFor(() => expect(output.stderr).toMatch(text), OFTEN)

/** How a running node ends when told to, and in what time, in ms */
async function endOf(
  { child, ended }: Command,
  signal: NodeJS.Signals = 'SIGTERM'
): Promise<[number | string, number]> {
  const asked = performance.now()
  child.kill(signal)
  return [await within(ended, `the end after ${signal}`), performance.now() - asked]
}

const inTime = expect.toSatisfy((ms) => Number(ms) < SHUTDOWN, `less than ${SHUTDOWN} ms`) as number

/** As the running node says itself */
async function gossipApiOf(dir: string): Promise<{ host: string; port: number }> {
  const status = hearsay(['status', '--json', '--data-dir', dir])
  await within(status.ended, 'the status')
  const [host, port] = (JSON.parse(status.output.stdout) as { gossipApi: string }).gossipApi.split(':')
  return { host: host!, port: Number(port) }
}

/** A port that is taken until the tests are over */
async function takenPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => void server.close())
  return (server.address() as AddressInfo).port
}

describe.concurrent('help', () => {
  it('of the command names its commands, with examples', async () => {
    const { code, stdout, stderr } = await outcomeOf(['--help'])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^Usage: hearsay .*\n  start .*\nExamples:\n  hearsay start/s)
  })

  it.each([
    ['start', '--help'],
    ['help', 'start']
  ])('of a command names every option with its range, with examples: %s %s', async (...args) => {
    const { code, stdout, stderr } = await outcomeOf(args)
    expect([code, stderr]).toEqual([0, ''])
    const help = stdout.replaceAll(/\s+/g, ' ')

    for (const key of optionKeys) {
      const { kind }: AnyOption = options[key]
      const range = kind.range === undefined ? '' : `.*${kind.range.join('–')}`
      expect(help).toMatch(new RegExp(`--${key} ${kind.metavar}${range}`))
    }

    expect(help).toMatch(/--config <file> .* --json .*Examples: hearsay start .*Exit codes: 0 .* 1 .* 2 /)
  })

  it('is what the command alone prints, as a mistake', async () => {
    const { code, stdout, stderr } = await outcomeOf([])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^Usage: hearsay /)
  })

  it('of the version is one line', async () => {
    const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
    const { version } = JSON.parse(manifest) as { version: string }
    expect(await outcomeOf(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })
})

describe.concurrent('a mistake on the command line', () => {
  it.each([
    [['strat'], "error: unknown command 'strat'\n(Did you mean start?)\n"],
    [['--versoin'], "error: unknown option '--versoin'\n(Did you mean --version?)\n"],
    [['start', '--degre', '3'], "error: unknown option '--degre'\n(Did you mean --degree?)\n"],
    [['start', 'now'], "error: too many arguments for 'start'. Expected 0 arguments but got 1: now.\n"],
    [['start', '--degree'], "error: option '--degree <n>' argument missing\n"]
  ])('is told with the nearest that exists, exit code 2: %j', async (args, stderr) => {
    expect(await outcomeOf(args)).toEqual({ code: 2, stdout: '', stderr })
  })

  it.each([
    [['--degree', '0'], '--degree must be an integer from 1 to 1000, and is "0"'],
    [['--degree', '7'], 'degree must be at most min-connections, 6, and is 7'],
    [
      ['--listen', 'here'],
      '--listen must be TCP multiaddrs such as /ip4/0.0.0.0/tcp/6001, with /ws for WebSockets, and is ["here"]'
    ],
    [
      ['--listen', '/ip4/127.0.0.1/udp/1/quic-v1'],
      '--listen must be TCP multiaddrs such as /ip4/0.0.0.0/tcp/6001, with /ws for WebSockets, and is ["/ip4/127.0.0.1/udp/1/quic-v1"]'
    ],
    [
      ['--gossip-api', '7001'],
      '--gossip-api must be a host and a port such as 127.0.0.1:7001 or [::1]:7001, and is "7001"'
    ],
    [['--config', '/none.toml'], 'cannot read the configuration file /none.toml: ENOENT']
  ])('is told in one line when it is a value, exit code 2: %j', async (args, why) => {
    const { code, stdout, stderr } = await outcomeOf(['start', ...args])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^hearsay: [^\n]*\n$/)
    expect(stderr).toContain(why)
  })

  it('is told in one line when it is in the environment, exit code 2', async () => {
    expect(await outcomeOf(['start'], { env: { HEARSAY_DEGRE: '3' } })).toEqual({
      code: 2,
      stdout: '',
      stderr: 'hearsay: unknown environment variable HEARSAY_DEGRE; did you mean "HEARSAY_DEGREE"?\n'
    })
  })

  it('is told in one line when it is in a file, exit code 2', async () => {
    const config = join(newDir(), 'node.toml')
    writeFileSync(config, 'degre = 3\n')
    expect(await outcomeOf(['start', '--config', config])).toEqual({
      code: 2,
      stdout: '',
      stderr: `hearsay: unknown key "degre" in ${config}; did you mean "degree"?\n`
    })
  })
})

describe.concurrent('a Node.js that is too old', () => {
  const pretend = (version: string): SpawnOptions => ({
    nodeArgs: [
      '--import',
      `data:text/javascript,${encodeURIComponent(
        `Object.defineProperties(process, {
          version: { value: 'v${version}' },
          versions: { value: { ...process.versions, node: '${version}' } }
        })`
      )}`
    ]
  })

  it.each(['18.20.8', '20.19.0', '22.17.1'])('%s gets one sentence, exit code 1', async (version) => {
    expect(await outcomeOf(['start'], pretend(version))).toEqual({
      code: 1,
      stdout: '',
      stderr: `hearsay needs Node.js 22.18 or newer, and this is v${version}: see https://nodejs.org\n`
    })
  })

  it.each(['22.18.0', '24.0.0', '100.0.0'])('is not %s', async (version) => {
    expect(await outcomeOf(['--version'], pretend(version))).toMatchObject({ code: 0, stderr: '' })
  })
})

describe.concurrent('a node', () => {
  it('says with --json where it is, in the first and only line on stdout, and logs to stderr', async () => {
    const node = await start()
    expect(node.output.stdout).toMatch(
      /^\{"peerId":"[^"]+","listen":\[[^\]]+\],"gossipApi":"127\.0\.0\.1:\d+","dhtApi":"127\.0\.0\.1:\d+"\}\n$/
    )
    expect(node.listen).toEqual([
      expect.stringMatching(new RegExp(`^/ip4/127\\.0\\.0\\.1/tcp/\\d+/p2p/${node.peerId}$`))
    ])
    const client = await connect(node.api, frame(499))
    await within(client.closed, 'the end of the connection')
    await logged(node, 'unknown message type 499')
    await endOf(node)
    expect(node.output.stdout).toBe(
      `${JSON.stringify({ peerId: node.peerId, listen: node.listen, gossipApi: node.gossipApi, dhtApi: node.dhtApi })}\n`
    )
    const lines = node.output.stderr.trimEnd().split('\n')
    expect(lines.filter((line) => !/^\d{4}-\d\d-\d\dT[\d:.]+Z (info|warn|error) /.test(line))).toEqual([])
  })

  it('tells a person where it is without --json', async () => {
    const node = hearsay(['start', '--data-dir', newDir(), ...FREE_PORTS])
    await vi.waitFor(() => expect(node.output.stdout).toContain('Ctrl-C stops it'), OFTEN)
    expect(node.output.stdout).toMatch(
      /Others reach it at\n  \/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/\w+\nand programs .* at 127\.0\.0\.1:\d+ \(gossip API\) and 127\.0\.0\.1:\d+ \(DHT API\)/
    )
    await endOf(node)
  })

  it('is the same one after a restart with the same data directory, also when it was killed', async () => {
    const dir = newDir()
    const first = await start('--data-dir', dir)
    await endOf(first, 'SIGKILL')
    const second = await start('--data-dir', dir)
    expect(second.peerId).toBe(first.peerId)
    await endOf(second)
  })

  it('needs no port of its own for the DHT API: a second one takes a free one', async () => {
    const own = ['--listen', '/ip4/127.0.0.1/tcp/0', '--gossip-api', '127.0.0.1:0']
    const both = [0, 1].map(() => hearsay(['start', '--json', '--data-dir', newDir(), ...own]))
    await Promise.all(both.map(async (each) => vi.waitFor(() => expect(each.output.stdout).toContain('\n'), OFTEN)))
    const [first, second] = both.map(({ output }) => hostPort((JSON.parse(output.stdout) as Summary).dhtApi))
    expect(first).not.toEqual(second)
    expect(both.map(({ output }) => output.stderr).join('')).toMatch(
      /info DHT API: port 7401 is in use; it listens on port \d+ \(--dht-api\)\n/
    )
    await Promise.all(both.map(async (each) => endOf(each)))
  })

  it('has what was put to it after it was killed', async () => {
    const dir = newDir()
    const key = Buffer.alloc(32, 7)
    const get = frame(651, key)
    const first = await start('--data-dir', dir)
    const client = await connect(hostPort(first.dhtApi), frame(650, [0, 60, 1, 0], key, Buffer.from('kept')), get)
    expect(await client.next()).toEqual({ type: 652, body: Buffer.concat([key, Buffer.from('kept')]) })
    await endOf(first, 'SIGKILL')
    const second = await start('--data-dir', dir)
    const again = await connect(hostPort(second.dhtApi), get)
    expect(await again.next()).toEqual({ type: 652, body: Buffer.concat([key, Buffer.from('kept')]) })
    await endOf(second)
  })

  it('takes options from a file, the environment and flags', async () => {
    const config = join(newDir(), 'node.ini')
    writeFileSync(config, `[gossip]\np2p_address = 127.0.0.1:0\napi_address = [::1]:0\ndegree = 100\n`)
    const command = hearsay(['start', '--json', '--config', config, '--degree', '2'], {
      env: { HEARSAY_DATA_DIR: newDir() }
    })
    await vi.waitFor(() => expect(command.output.stdout).toContain('\n'), OFTEN)
    expect(JSON.parse(command.output.stdout)).toMatchObject({
      listen: [expect.stringMatching(/^\/ip4\/127\.0\.0\.1\/tcp\//)],
      gossipApi: expect.stringMatching(/^\[::1\]:\d+$/) as string
    })
    await endOf(command)
  })

  it('goes on when nobody reads its stdout', async () => {
    const dir = newDir()
    const node = hearsay(['start', '--json', '--data-dir', dir, ...FREE_PORTS])
    node.child.stdout.destroy()
    await logged(node, 'gossip: ready')
    await expectServing(await gossipApiOf(dir))
    expect(await endOf(node)).toEqual([0, inTime])
  })

  it('goes on when nobody reads its stderr', async () => {
    const node = await start()
    node.child.stderr.destroy()

    for (let i = 0; i < 3; i++) {
      await within((await connect(node.api, frame(499))).closed, 'the end of the connection')
    }

    await expectServing(node.api)
    expect(await endOf(node)).toEqual([0, inTime])
  })

  /** An announce of one client reaches another one */
  async function expectServing(api: HostPort): Promise<void> {
    const [a, b] = [await connect(api, notifyFrame(1)), await connect(api)]
    await vi.waitFor(() => {
      b.send(announceFrame(1, 'x'))
      expect(a.waiting.length).toBeGreaterThan(0)
    }, OFTEN)
  }
})

describe.concurrent('a node that cannot run', () => {
  const IN_USE = 'the port is in use; port 0 picks a free one'

  it.each([
    ['its listen port is taken', '--listen', async () => `/ip4/127.0.0.1/tcp/${await takenPort()}`, IN_USE],
    ['its API port is taken', '--gossip-api', async () => `127.0.0.1:${await takenPort()}`, IN_USE],
    ['it cannot listen there', '--listen', () => '/ip4/192.0.2.1/tcp/0', 'this machine has no such address'],
    ['its DHT API port is taken', '--dht-api', async () => `127.0.0.1:${await takenPort()}`, IN_USE],
    ['its data directory is a file', '--data-dir', () => MAIN, 'EEXIST: file already exists'],
    ['its hostkey is none', '--hostkey', () => MAIN, 'it holds no private key in PEM form']
  ])('because %s says so in one line, exit code 1', async (_name, flag, valueOf, why) => {
    const value = await valueOf()
    const { code, stdout, stderr } = await outcomeOf(['start', '--data-dir', newDir(), ...FREE_PORTS, flag, value])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^hearsay: cannot [^\n]*\n$/)
    expect(stderr).toContain(value)
    expect(stderr).toContain(why)
  })
})

describe.concurrent('SIGINT and SIGTERM', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    '%s ends a node with exit code 0, and a line that says so',
    async (signal) => {
      const node = await start()
      expect(await endOf(node, signal)).toEqual([0, inTime])
      expect(node.output.stderr).toContain(`info stopping: ${signal}\n`)
    }
  )

  it('end a node that is still starting', async () => {
    const pipe = join(newDir(), 'hostkey.pem')
    const mkfifo = spawn('mkfifo', [pipe])
    await once(mkfifo, 'close')
    const node = hearsay(['start', '--hostkey', pipe, ...FREE_PORTS])
    // opens once the node reads its key, and lets it wait
    const file = await within(open(pipe, 'w'), 'a reader of the hostkey')
    node.child.kill('SIGTERM')
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    await file.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }))
    await file.close()
    expect(await within(node.ended, 'the end')).toBe(0)
  })

  it('end a node whose API clients do not read', async () => {
    const node = await start()
    const stalled = await connect(node.api, notifyFrame(1))
    await vi.waitFor(async () => {
      const other = await connect(node.api, announceFrame(1, 'x'))
      expect(stalled.waiting.length).toBeGreaterThan(0)
      other.close()
    }, OFTEN)
    stalled.socket.pause()
    const other = await connect(node.api)
    other.send(...Array.from({ length: 100 }, () => announceFrame(1, Buffer.alloc(60_000))))
    await announced(node, other)
    expect(await endOf(node)).toEqual([0, inTime])
  })

  it('end a node whose peer reads no gossip', async () => {
    const node = await start()
    const stranger = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()]
    })
    ends.push(async () => stranger.stop())
    const connection = await stranger.dial(node.listen.map((address) => multiaddr(address)))
    const stream = await connection.newStream('/hearsay/gossip/1.0.0')
    // VERIFICATION: without difficulty any nonce will do
    stream.send(frame(509, Buffer.alloc(8)))
    await logged(node, `gossip: inbound peer ${stranger.peerId.toString()}`)
    stream.pause()
    const client = await connect(node.api)
    client.send(...Array.from({ length: 100 }, () => announceFrame(1, Buffer.alloc(60_000))))
    await announced(node, client)
    expect(await endOf(node)).toEqual([0, inTime])
  })

  it('end a node whose peer is stopped', async () => {
    const node = await start()
    const peer = await start('--peer', node.listen[0]!)
    await logged(node, `gossip: inbound peer ${peer.peerId}`)
    peer.child.kill('SIGSTOP')
    const client = await connect(node.api)
    client.send(...Array.from({ length: 100 }, () => announceFrame(1, Buffer.alloc(60_000))))
    await announced(node, client)
    expect(await endOf(node)).toEqual([0, inTime])
  })

  it('end a node that searches for a proof of work', async () => {
    const challenged = Promise.withResolvers<void>()
    const gatekeeper = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()]
    })
    ends.push(async () => gatekeeper.stop())
    await gatekeeper.handle('/hearsay/gossip/1.0.0', (stream) => {
      stream.send(frame(508, Buffer.from('hard one')))
      challenged.resolve()
    })
    const node = await start('--difficulty-bits', '32', '--peer', gatekeeper.getMultiaddrs()[0]!.toString())
    await within(challenged.promise, 'a connection')
    // nothing tells that it has begun
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await endOf(node)).toEqual([0, inTime])
  })
})

/** Until the node handled all that the client sent before */
async function announced({ api }: Running, client: ApiClient): Promise<void> {
  const [witness, fence] = [await connect(api, notifyFrame(65_535)), announceFrame(65_535, 'fence')]
  await vi.waitFor(() => {
    client.send(fence)
    expect(witness.waiting.length).toBeGreaterThan(0)
  }, OFTEN)
}
