import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StartError } from '@hearsay/node'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { DATA_VERSION, openDataDir } from '../src/data-dir.ts'
import { redact } from '../src/log.ts'
import { RefusalLog } from '../src/refusals.ts'
import { OFTEN } from './api-client.ts'
import { ask } from './http.ts'
import { Nodes, peers } from './nodes.ts'
import type { TestNode } from './nodes.ts'

vi.setConfig({ testTimeout: 30_000 })

const nodes = new Nodes()
const dirs: string[] = []
afterEach(async () => {
  await nodes.stop()
  dirs.splice(0).forEach((dir) => rmSync(dir, { recursive: true, force: true }))
})

const newDir = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'hearsay-operations-test-'))
  dirs.push(dir)
  return dir
}

const metricsOf = ({ metricsApi }: TestNode): string => `http://${metricsApi!.host}:${metricsApi!.port}`

describe('the probes', () => {
  it('say that a node lives, is ready and is well', async () => {
    const node = await nodes.create({ 'metrics-api': '127.0.0.1:0' })

    for (const api of [metricsOf(node), node.controlApi]) {
      for (const path of ['/livez', '/readyz', '/healthz']) {
        expect(await ask(api, path)).toMatchObject({ status: 200, body: { status: 'ok' } })
      }

      const { body } = await ask(api, '/healthz?verbose')
      const { findings } = body as { findings: { name: string }[] }
      expect(findings.map(({ name }) => name)).toEqual(['shutdown', 'gossip', 'dht', 'memory', 'disk'])
    }
  })

  it('say that a node without its peers is not ready, and lives', async () => {
    const gone = await nodes.create()
    await gone.stop()
    const node = await nodes.create({ peer: [gone.address] })
    expect((await ask(node.controlApi, '/livez')).status).toBe(200)
    expect(await ask(node.controlApi, '/readyz?verbose')).toMatchObject({
      status: 503,
      body: {
        status: 'failed',
        findings: [
          { name: 'shutdown', ok: true },
          { name: 'gossip', ok: false },
          { name: 'dht', ok: true }
        ]
      }
    })
  })

  it('say that a node is not ready once it begins to stop, and commands do not find it', async () => {
    const node = await nodes.create({ 'metrics-api': '127.0.0.1:0' })
    const api = metricsOf(node)
    const held = Promise.withResolvers<void>()
    const stop = node.libp2p.stop.bind(node.libp2p)
    vi.spyOn(node.libp2p, 'stop').mockImplementation(async () => {
      await held.promise
      await stop()
    })
    expect((await ask(api, '/readyz')).status).toBe(200)
    const stopped = node.stop()
    await vi.waitFor(async () => expect((await ask(api, '/readyz')).status).toBe(503))
    expect((await ask(api, '/livez')).status).toBe(200)
    await vi.waitFor(() => expect(readdirSync(node.config['data-dir'])).not.toContain('control.json'))
    held.resolve()
    await stopped
    await expect(ask(api, '/livez')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('say that a node which takes more memory than it may is not well, and goes on', async () => {
    const node = await nodes.create({ 'max-memory': 448 })
    vi.spyOn(process.memoryUsage, 'rss').mockReturnValue(500 * 2 ** 20)
    expect(await ask(node.controlApi, '/healthz?verbose')).toMatchObject({
      status: 503,
      body: {
        findings: expect.arrayContaining([
          { name: 'memory', ok: false, message: expect.stringContaining('448 MiB') as string }
        ]) as object
      }
    })
    expect((await ask(node.controlApi, '/readyz')).status).toBe(200)
  })
})

describe('the metrics', () => {
  it('are off unless told so', async () => {
    const node = await nodes.create()
    expect([node.metricsApi, node.libp2p.metrics]).toEqual([undefined, undefined])
  })

  it('are those of the node, libp2p and the process', async () => {
    const all = { cup2py: true, shout: true }
    const a = await nodes.create({ ...all, 'metrics-api': '127.0.0.1:0' })
    const b = await nodes.create({ ...all, peer: [a.address] })
    await Promise.all([peers(a, 1), peers(b, 1)])
    await vi.waitFor(() => {
      const { cup2py, shout } = a.libp2p.services
      expect([cup2py.users, shout.peers.length]).toEqual([1, 1])
    }, OFTEN)
    await a.dht.put(Buffer.alloc(32), Buffer.from('x'), { ttl: 60 })
    const { status, body, type } = await ask(metricsOf(a), '/metrics')
    expect([status, type]).toEqual([200, expect.stringContaining('text/plain')])
    expect(body).toContain('hearsay_build_info{version="')
    expect(body).toContain('hearsay_ready 1')
    expect(body).toContain('hearsay_protocol_peers{protocol="gossip"} 1')
    expect(body).toContain('hearsay_protocol_ready{protocol="gossip"} 1')
    expect(body).toContain('hearsay_protocol_peers{protocol="cup2py"} 1')
    expect(body).toContain('hearsay_cup2py_users 1')
    expect(body).toMatch(/hearsay_shout_total\{what="[^"]+"\} [1-9]/)
    expect(body).toContain('hearsay_dht_values 1')
    expect(body).toMatch(/libp2p_data_transfer_bytes_total\{protocol="\/hearsay\/gossip\/1\.0\.0 sent"\} [1-9]/)
    expect(body).toMatch(/process_resident_memory_bytes [1-9]/)
  })

  it('count refusals, each once', async () => {
    const a = await nodes.create({ 'metrics-api': '127.0.0.1:0', 'difficulty-bits': 30 })
    await nodes.create({ 'difficulty-bits': 0, peer: [a.address] })
    const count = async (): Promise<string | undefined> =>
      /hearsay_refusals_total\{reason="gossip wrong proof"\} (\d+)/.exec(
        (await ask(metricsOf(a), '/metrics')).body as string
      )?.[1]
    await vi.waitFor(async () => expect(await count()).toBe('1'), { timeout: 10_000 })
    expect(await count()).toBe('1')
  })

  it('are to be read, and no more', async () => {
    const node = await nodes.create({ 'metrics-api': '127.0.0.1:0' })
    expect(await ask(metricsOf(node), '/v1/status')).toMatchObject({ status: 404 })
    expect(await ask(metricsOf(node), '/metrics', { headers: { host: 'evil.example' } })).toMatchObject({ status: 403 })
    expect(await ask(metricsOf(node), '/metrics', { method: 'POST' })).toMatchObject({ status: 404 })
  })

  it('warn when they are not for this machine alone, and may have any name then', async () => {
    const node = await nodes.create({ 'metrics-api': '0.0.0.0:0' })
    expect(await ask(metricsOf(node), '/metrics', { headers: { host: 'a:9464' } })).toMatchObject({ status: 200 })
    expect(node.log.lines.join('\n')).toContain('warn the metrics listen on 0.0.0.0')
  })

  it('for a port in use say so', async () => {
    const { gossipApi } = await nodes.create()
    await expect(nodes.create({ 'metrics-api': `127.0.0.1:${gossipApi.port}` })).rejects.toThrow(
      /^cannot listen on 127\.0\.0\.1:\d+ for the metrics \(--metrics-api\): the port is in use/
    )
  })
})

describe('a log', () => {
  const PEM = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ\n-----END PRIVATE KEY-----'

  it.each([
    [`key ${PEM} of`, 'key [private key] of'],
    [PEM.replaceAll('PRIVATE', 'RSA PRIVATE'), '[private key]'],
    [PEM.slice(0, 40), '[private key]'],
    ['Authorization: Bearer aB_c-1', 'Authorization: Bearer [redacted]'],
    ['{"token":"aB c","pid":1}', '{"token":[redacted],"pid":1}'],
    ['passphrase=correct horse', 'passphrase=[redacted] horse'],
    ["password: 'a b'", 'password: [redacted]'],
    ['a peer 12D3KooW', 'a peer 12D3KooW']
  ])('does not hold a secret: %o', (text, told) => {
    expect(redact(text)).toBe(told)
  })
})

describe('the log of refusals', () => {
  it('keeps the newest of each peer, and of the newest peers', () => {
    const log = new RefusalLog()
    Array.from({ length: 20 }, (_, i) => log.add('a', 'gossip', `reason ${i}`))
    expect(log.of('a').map(({ reason }) => reason)).toEqual(Array.from({ length: 16 }, (_, i) => `reason ${i + 4}`))
    Array.from({ length: 1_024 }, (_, i) => log.add(`peer ${i}`, 'gossip', 'late'))
    expect([log.of('a').length, log.of('peer 0').length, log.of('peer 1023').length]).toEqual([0, 1, 1])
    expect(log.totals()).toMatchObject({ 'gossip late': 1_024, 'gossip reason 19': 1 })
  })
})

describe('the data directory', () => {
  const outcome = async (opening: Promise<void>): Promise<string> =>
    opening.then(
      () => 'opened',
      (err: Error) => `${err instanceof StartError ? 'StartError' : 'another error'}: ${err.message}`
    )
  const versionIn = (dir: string): string => readFileSync(join(dir, 'version'), 'utf8')

  it('is made for its owner alone, with its version', async () => {
    const dir = join(newDir(), 'a', 'b')
    await openDataDir(dir)
    expect([statSync(dir).mode & 0o777, versionIn(dir)]).toEqual([0o700, `${DATA_VERSION}\n`])
  })

  it('of an older version is brought up to date, step by step, once', async () => {
    const [dir, steps] = [newDir(), [] as number[]]
    const migrations = [1, 2, 3].map((step) => async (): Promise<void> => void steps.push(step))
    await openDataDir(dir, migrations.slice(0, 1))
    await openDataDir(dir, migrations)
    await openDataDir(dir, migrations)
    expect([steps, versionIn(dir)]).toEqual([[1, 2, 3], '3\n'])
  })

  it('whose migration failed is at the version before it, and goes on from there', async () => {
    const [dir, steps] = [newDir(), [] as string[]]
    const fine = async (): Promise<void> => void steps.push('fine')
    const broken = async (): Promise<void> => Promise.reject(new Error('no'))
    expect(await outcome(openDataDir(dir, [fine, broken]))).toBe(`StartError: cannot use the data directory ${dir}: no`)
    expect(versionIn(dir)).toBe('1\n')
    await openDataDir(dir, [fine, fine])
    expect([steps, versionIn(dir)]).toEqual([['fine', 'fine'], '2\n'])
  })

  it('of a newer version is left alone', async () => {
    const dir = newDir()
    writeFileSync(join(dir, 'version'), '99\n')
    expect(await outcome(openDataDir(dir))).toBe(
      `StartError: the data directory ${dir} has version 99, and this hearsay knows ${DATA_VERSION}: use a newer one, or another --data-dir`
    )
  })

  it('with a version that is none is left alone', async () => {
    const dir = newDir()
    writeFileSync(join(dir, 'version'), 'x')
    expect(await outcome(openDataDir(dir))).toContain('holds no version number')
  })

  it('loses what a killed process did not finish, and nothing else', async () => {
    const dir = newDir()
    const [old, young] = [
      '.identity.key.00000000-0000-4000-8000-000000000000',
      '.x.00000000-0000-4000-8000-000000000001'
    ]
    const others = ['.hidden', 'identity.key', 'notes']
    ;[old, young, ...others].forEach((name) => writeFileSync(join(dir, name), ''))
    const longAgo = new Date(Date.now() - 3_600_000)
    ;[old, ...others].forEach((name) => utimesSync(join(dir, name), longAgo, longAgo))
    await openDataDir(dir)
    expect(readdirSync(dir).toSorted()).toEqual([young, 'version', ...others].toSorted())
  })
})
