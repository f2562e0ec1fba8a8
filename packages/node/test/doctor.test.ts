import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '@hearsay/node'
import { afterEach, describe, expect, it } from 'vitest'
import { checkClock } from '../src/doctor/clock.ts'
import { checkBrowsers, checkPeers, checkPorts, checkReachable } from '../src/doctor/network.ts'
import { checkDataDir, checkDisk } from '../src/doctor/storage.ts'
import { checkMemory, checkNode, checkOpenFiles } from '../src/doctor/system.ts'
import type { AddressInfo } from 'node:net'
import type { NodeConfig } from '@hearsay/node'
import type { Status } from '../src/control/routes/node.ts'

const ends: (() => void)[] = []
afterEach(() => ends.splice(0).forEach((end) => end()))

const config = (flags: Record<string, unknown> = {}): NodeConfig => loadConfig({ flags, env: {} })

async function portInUse(): Promise<number> {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => server.close())
  return (server.address() as AddressInfo).port
}

describe('Node.js', () => {
  it.each([
    ['22.18.0', 'ok'],
    ['24.1.0', 'ok'],
    ['25.0.0', 'warn']
  ])('%s is %s', (version, level) => expect(checkNode(version)).toMatchObject({ level }))
})

describe('memory', () => {
  it.each([
    [undefined, 24_000, 'ok'],
    [undefined, 400, 'warn'],
    [1_024, 2_048, 'ok'],
    [1_024, 1_000, 'fail']
  ])('with a limit of %s on %s MiB is %s', (limit, available, level) =>
    expect(checkMemory(config({ 'max-memory': limit }), available)).toMatchObject({ level })
  )
})

describe('open files', () => {
  it.each([
    [1_024, 'warn'],
    [1_452, 'ok'],
    [Infinity, 'ok']
  ])('%s are %s', (limit, level) => expect(checkOpenFiles(config(), limit)).toMatchObject({ level }))

  it('are fewer where memory is', () => {
    expect(checkOpenFiles(config({ 'max-memory': 448 }), 1_024)).toMatchObject({ level: 'ok' })
  })

  it('are those of this process', () => {
    expect(checkOpenFiles(config())).toMatchObject({
      message: expect.stringMatching(/^(?:\d+|Infinity) are allowed/) as string
    })
  })
})

describe('the disk', () => {
  it.each([
    [2 ** 20, 'fail'],
    [100 * 2 ** 20, 'warn'],
    [2 ** 33, 'ok']
  ])('with %s bytes free is %s', async (free, level) =>
    expect(await checkDisk('/none', Promise.resolve(free))).toMatchObject({ level })
  )
})

describe('the data directory', () => {
  it('in a file is told', async () => {
    const file = fileURLToPath(import.meta.url)
    const wrong = { level: 'fail', message: `${file} is a file` }
    expect(await checkDataDir(join(file, 'data'))).toMatchObject(wrong)
    expect(await checkDataDir(file)).toMatchObject(wrong)
  })
})

describe('the clock', () => {
  /** A server whose clock is ahead of ours by so many ms */
  async function timeServer(ahead: number): Promise<string> {
    const server = createSocket('udp4')
    server.on('message', (request, { port, address }) => {
      const seconds = (Date.now() + ahead) / 1_000 + 2_208_988_800
      const packet = Buffer.alloc(request.byteLength)

      for (const at of [32, 40]) {
        packet.writeUInt32BE(Math.floor(seconds), at)
        packet.writeUInt32BE(Math.floor((seconds % 1) * 2 ** 32), at + 4)
      }

      server.send(packet, port, address)
    })
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
    ends.push(() => server.close())
    return `127.0.0.1:${server.address().port}`
  }

  it('before the installation is wrong', async () => {
    expect(await checkClock(undefined, () => 0)).toMatchObject({ level: 'fail' })
  })

  it('that nobody compares is taken for right', async () => {
    expect(await checkClock(undefined)).toMatchObject({ level: 'ok' })
  })

  it.each([
    [0, 'ok', /ms (?:ahead of|behind) 127/],
    [30_000, 'warn', /^(?:29|30)\d{3} ms behind/],
    [-30_000, 'warn', /^(?:30|31)\d{3} ms ahead of|^29\d{3} ms ahead of/],
    [600_000, 'fail', /behind/]
  ])('that a server is %s ms ahead of is %s', async (ahead, level, message) => {
    const found = await checkClock(await timeServer(ahead))
    expect(found).toMatchObject({ level, message: expect.stringMatching(message) as string })
  })

  it('that a server does not answer for is left open', async () => {
    const server = await timeServer(0)
    ends.splice(0).forEach((end) => end())
    expect(await checkClock(server)).toMatchObject({ level: 'warn' })
  }, 10_000)
})

describe('the network', () => {
  it('that only this machine reaches is told', () => {
    const found = checkReachable(config({ listen: ['/ip4/127.0.0.1/tcp/6001'] }), undefined, ['203.0.113.1'])
    expect(found).toMatchObject({ level: 'warn', message: 'only this machine can reach the node' })
  })

  it.each([
    [['127.0.0.1', '192.168.1.2'], 'warn', 'only this network can reach the node'],
    [
      ['127.0.0.1', '192.168.1.2', '203.0.113.1'],
      'ok',
      'others can try 203.0.113.1, unless a firewall forbids port 6001'
    ]
  ])('of a machine with the addresses %j is %s', (addresses, level, message) =>
    expect(checkReachable(config(), undefined, addresses)).toMatchObject({ level, message })
  )

  const RELAY = '/ip4/203.0.113.9/tcp/6001/p2p/12D3KooWJGcy8N8CLTWgBpoKjuWU3betewnk2y8g96E3bxyAqtqC'

  it.each([
    [[], ['/ip4/192.168.1.2/tcp/6001'], 'warn', 'only this network can reach the node'],
    [[], ['/ip4/192.168.1.2/tcp/6001', '/ip4/203.0.113.1/tcp/6001'], 'ok', /reach the node at \/ip4\/203\.0\.113\.1/],
    [[RELAY], [`${RELAY}/p2p-circuit`], 'ok', /reach the node at .*\/p2p-circuit$/],
    [[RELAY], ['/ip4/192.168.1.2/tcp/6001'], 'warn', 'no relay has given the node a place'],
    [[RELAY], undefined, 'ok', /will reach the node through its relay/]
  ])('with the relays %j, of a node that tells others %j, is %s', (relay, listen, level, message) =>
    expect(checkReachable(config({ relay }), listen && { listen }, ['127.0.0.1', '192.168.1.2'])).toMatchObject({
      level,
      message: expect.stringMatching(message) as string
    })
  )

  it('has browsers in it, or not', () => {
    expect(checkBrowsers(config()).message).toMatch(/^cannot reach/)
    expect(checkBrowsers(config({ listen: ['/ip4/0.0.0.0/tcp/6002/ws'] })).message).toMatch(/^can try/)
  })

  it('has peers that answer, or not', async () => {
    const peer = [`/ip4/127.0.0.1/tcp/${await portInUse()}`, '/ip4/127.0.0.1/tcp/1']
    expect(await checkPeers(config({ peer }))).toMatchObject({ level: 'ok', message: '1 of 2 tried take a connection' })
    expect(await checkPeers(config({ bootstrapper: peer[1] }))).toMatchObject({ level: 'fail' })
    expect(await checkPeers(config())).toMatchObject({ level: 'ok' })
  })

  it('has ports that are free, or in use', async () => {
    const port = await portInUse()
    const flags = { listen: ['/ip4/127.0.0.1/tcp/0'], 'gossip-api': `127.0.0.1:${port}`, 'metrics-api': '192.0.2.1:9' }
    expect(await checkPorts(config(flags), undefined)).toMatchObject([
      { level: 'ok', message: '127.0.0.1:0 (--listen) is free' },
      { level: 'fail', message: expect.stringContaining('the port is in use') as string },
      { level: 'fail', message: expect.stringContaining('this machine has no such address') as string }
    ])
    // a node that runs has others: whoever asks has not said with which options
    const apis = { gossipApi: '127.0.0.1:1', dhtApi: null, metricsApi: null }
    const running = { listen: ['/ip4/127.0.0.1/tcp/1'], ...apis } as unknown as Status
    const [, taken] = await checkPorts(config(flags), running)
    expect(taken).toMatchObject({ level: 'warn', fix: expect.stringMatching(/give doctor the options/) as string })
  })
})
