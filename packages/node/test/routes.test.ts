/** The control API of cup2py, shout and the DHT: what it takes, what it refuses, and from whom. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RsaPrivateKey } from '@hearsay/protocol-core'
import { signRecord, userHash } from '@hearsay/protocol-cup2py'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ControlClient } from '../src/control/client.ts'
import { OFTEN } from './api-client.ts'
import { ask, post } from './http.ts'
import { Nodes } from './nodes.ts'
import type { Answer } from './http.ts'
import type { TestNode } from './nodes.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const ALL = { cup2py: true, shout: true }
const KEY = 'ab'.repeat(32)
const nodes = new Nodes()
let a: TestNode
let b: TestNode

beforeAll(async () => {
  a = await nodes.create(ALL)
  b = await nodes.create({ ...ALL, peer: [a.address], 'control-api': '127.0.0.1:0' })
  await met()
})
afterAll(async () => nodes.stop())

/** Until their users know each other */
async function met(): Promise<void> {
  await vi.waitFor(() => {
    expect([a, b].map(({ libp2p }) => libp2p.services.cup2py.users)).toEqual([1, 1])
    expect([a, b].map(({ libp2p }) => libp2p.services.shout.peers.length)).toEqual([1, 1])
  }, OFTEN)
}

const hashOf = ({ libp2p }: TestNode): string => libp2p.services.cup2py.hash
const posted = async (path: string, body: unknown): Promise<Answer> => ask(a.controlApi, path, post(body))
const tokenOf = ({ config }: TestNode): string =>
  (JSON.parse(readFileSync(join(config['data-dir'], 'control.json'), 'utf8')) as { token: string }).token

describe('what is out of bounds', () => {
  it.each([
    ['a whisper to nobody', '/v1/shout/whispers', { to: '', value: 'x' }, 400, 'to: '],
    ['a whisper to a path', '/v1/shout/whispers', { to: '../../etc', value: 'x' }, 400, 'to: '],
    ['a whisper to one unknown', '/v1/shout/whispers', { to: 'deadbeef', value: 'x' }, 404, 'is nobody we met'],
    ['a mode there is not', '/v1/shout/whispers', { to: 'abcd', value: 'x', mode: 'loud' }, 400, 'mode: '],
    ['a shout of nothing', '/v1/shout/shouts', {}, 400, 'value: '],
    ['bytes that are none', '/v1/shout/shouts', { value: { $bytes: '?' } }, 400, 'value holds $bytes'],
    [
      'a value too deep',
      '/v1/shout/shouts',
      { value: JSON.parse('['.repeat(60) + ']'.repeat(60)) as unknown },
      400,
      'nested'
    ],
    ['half a character', '/v1/shout/shouts', { value: '\ud800' }, 400, 'surrogate'],
    ['too large a body', '/v1/shout/shouts', { value: 'x'.repeat(200_000) }, 413, 'a body may have 131072 bytes'],
    ['a value for 31 days (T18)', '/v1/shout/values', { key: 'k', value: 1, ttl: 31 * 86_400 }, 400, 'ttl: '],
    ['a value under no key', '/v1/shout/values', { key: '', value: 1 }, 400, 'key: '],
    ['a value of 100 KB', '/v1/shout/values', { key: 'k', value: 'x'.repeat(100_000) }, 409, 'too large'],
    [
      'a DHT value for longer than there is (T18)',
      '/v1/dht/values',
      { key: KEY, value: 'eA==', ttl: 65_536 },
      400,
      'ttl: '
    ],
    ['a DHT value for less than nothing (T18)', '/v1/dht/values', { key: KEY, value: 'eA==', ttl: -1 }, 400, 'ttl: '],
    ['a DHT key of 31 bytes', '/v1/dht/values', { key: KEY.slice(2), value: 'eA==' }, 400, 'key: '],
    ['a DHT value of nothing', '/v1/dht/values', { key: KEY, value: '' }, 400, 'value must have 1 to 65495 bytes'],
    ['a DHT value of 70,000 bytes', '/v1/dht/values', { key: KEY, value: 'A'.repeat(93_336) }, 400, '1 to 65495 bytes'],
    ['a search for half a user', '/v1/cup2py/searches', { user: 'abcd' }, 400, 'user: '],
    ['a search that goes too far', '/v1/cup2py/searches', { user: KEY, depth: 17 }, 400, 'depth: '],
    ['a search that waits too long', '/v1/cup2py/searches', { user: KEY, quietTime: 60_000 }, 400, 'quietTime: '],
    ['a publication that goes too far', '/v1/cup2py/publications', { depth: 17 }, 400, 'depth: '],
    ['too many records', '/v1/cup2py/import', { records: Array.from({ length: 257 }, () => 'x') }, 400, 'records: ']
  ])('is refused: %s', async (_name, path, body, code, message) => {
    const answer = await posted(path, body)
    expect([answer.status, (answer.body as { message: string }).message]).toEqual([
      code,
      expect.stringContaining(message)
    ])
    expect(JSON.stringify(answer.body)).not.toContain('    at ')
  })

  it.each([
    ['no prefix', '/v1/cup2py/records?prefix=xyz', 400],
    ['too many', '/v1/cup2py/records?limit=100000', 400],
    ['nobody', '/v1/cup2py/records/0000', 404],
    ['less than nothing', '/v1/cup2py/export?offset=-1', 400],
    ['no key', '/v1/shout/values', 400],
    ['a value that nobody put', `/v1/dht/values/${'00'.repeat(32)}`, 404],
    ['another owner than one', `/v1/dht/values/${KEY}?owner=AAAA`, 400]
  ])('is refused when it is asked for: %s', async (_name, path, code) => {
    expect((await ask(a.controlApi, path)).status).toBe(code)
  })
})

describe('a record', () => {
  it('of tomorrow is not taken, nor one older than that held (T18)', async () => {
    const key = RsaPrivateKey.fromPem(readFileSync(join(b.config['data-dir'], 'users', 'user_privateKey.pem'), 'utf8'))
    const signed = async (year: number): Promise<string> => {
      const hash = userHash(key.publicKey.pkcs1Pem)
      const record = await signRecord(key, hash, '/ip4/192.0.2.1/tcp/1', `${year}-01-01 00:00:00.000001`)
      // as the record we hold of that user, with these words
      const held = await a.libp2p.services.cup2py.get(hash)
      return (await exportedBy(a))
        .find((text) => text.includes(held!.signature))!
        .replace(held!.address, record.address)
        .replace(held!.date, record.date)
        .replace(held!.signature, record.signature)
    }
    const { body } = await posted('/v1/cup2py/import', { records: [await signed(2099), await signed(2001)] })
    expect(body).toMatchObject({
      taken: 0,
      refused: [
        { index: 0, message: expect.stringContaining('its date is in the future') as string },
        { index: 1, message: expect.stringContaining('a newer one was held before') as string }
      ]
    })
  })

  it('of a user is told by the first digits of its hash, and the whole book in parts', async () => {
    const answer = await ask(a.controlApi, `/v1/cup2py/records/${hashOf(b).slice(0, 6)}`)
    expect(answer.body).toMatchObject({ hash: hashOf(b), address: b.address })
    const whole = await exportedBy(a)
    // b's and its own
    expect(whole).toHaveLength(2)
    const exported = async (offset: number): Promise<unknown> =>
      (await ask(a.controlApi, `/v1/cup2py/export?offset=${offset}`)).body
    expect([await exported(1), await exported(2)]).toEqual([
      { records: whole.slice(1), next: null },
      { records: [], next: null }
    ])
  })
})

async function exportedBy({ controlApi }: TestNode): Promise<string[]> {
  return ((await ask(controlApi, '/v1/cup2py/export')).body as { records: string[] }).records
}

describe('shout', () => {
  it('carries values of every kind, to a stream of events and to the table', async () => {
    const client = await ControlClient.connect(b.config['data-dir'])
    const ending = new AbortController()
    const events = client.stream('/v1/shout/messages', ending.signal)
    expect(await events.next()).toMatchObject({ value: { event: 'open' } })
    const value = {
      text: 'grüße',
      bytes: { $bytes: 'AAH/' },
      big: { $integer: '18446744073709551615' },
      list: [null, 1.5]
    }

    for (const [kind, path, more] of [
      ['shout', '/v1/shout/shouts', {}],
      ['speak', '/v1/shout/speaks', {}],
      ['whisper', '/v1/shout/whispers', { to: hashOf(b) }]
    ] as const) {
      expect((await posted(path, { value, ...more })).status).toBe(200)
      expect(await events.next()).toMatchObject({ value: { event: 'message', data: { kind, value, user: hashOf(a) } } })
    }

    ending.abort()
    expect((await posted('/v1/shout/values', { key: 'k', value, ttl: 60 })).body).toMatchObject({ copies: 2 })
    const owner = hashOf(a)
    const found = await client.get(`/v1/shout/values?key=k&owner=${owner}`)
    expect(found).toMatchObject({ values: [{ value, owner }] })
  })

  it('ends a stream with its client', async () => {
    const { shout } = b.libp2p.services
    const client = await ControlClient.connect(b.config['data-dir'])
    const ending = new AbortController()
    const before = shout.listenerCount('shout')
    const events = client.stream('/v1/shout/messages', ending.signal)
    await events.next()
    expect(shout.listenerCount('shout')).toBe(before + 1)
    ending.abort()
    await events.next()
    await vi.waitFor(() => expect(shout.listenerCount('shout')).toBe(before), OFTEN)
  })
})

describe('strangers (T21)', () => {
  it.each([
    ['without the token', () => ({}), 401],
    ['that are a page', (token: string) => ({ authorization: `Bearer ${token}`, origin: 'http://evil.example' }), 403],
    ['under another name', (token: string) => ({ authorization: `Bearer ${token}`, host: 'evil.example' }), 403]
  ])('%s are refused at every route', async (_name, headersOf: (token: string) => Record<string, string>, code) => {
    const { body } = await ask(a.controlApi, '/openapi.json')
    const { paths } = body as { paths: Record<string, Record<string, unknown>> }
    const routes = Object.entries(paths)
      .filter(([path]) => path.startsWith('/v1/'))
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => [method, path] as const))
    expect(routes.length).toBeGreaterThan(15)
    const { shout, cup2py } = b.libp2p.services
    const refused = vi.fn<() => never>(() => {
      throw new Error('it was called')
    })
    vi.spyOn(shout, 'shout').mockImplementation(refused)
    vi.spyOn(shout, 'whisper').mockImplementation(refused)
    vi.spyOn(cup2py, 'publish').mockImplementation(refused)
    vi.spyOn(b.dht, 'put').mockImplementation(refused)
    const headers = headersOf(tokenOf(b))
    const answers = await Promise.all(
      routes.map(async ([method, path]) => {
        const init = method === 'post' ? post({ value: 'x', to: hashOf(a), key: KEY }, headers) : { headers }
        return ask(b.controlApi, path.replaceAll(/\{\w+\}/g, KEY), init)
      })
    )
    expect(answers.map(({ status }) => status)).toEqual(routes.map(() => code))
    expect(refused).not.toHaveBeenCalled()
    expect(JSON.stringify(answers)).not.toContain(hashOf(b))
    vi.restoreAllMocks()
  })

  it('learn no secret from what the node tells or logs (T22)', async () => {
    const pem = readFileSync(join(a.config['data-dir'], 'users', 'user_privateKey.pem'), 'utf8')
    const told = await Promise.all(
      ['/v1/status', '/v1/peers', '/v1/shout/peers', '/v1/cup2py/records', '/v1/cup2py/export', '/healthz?verbose'].map(
        async (path) => JSON.stringify(await ask(a.controlApi, path))
      )
    )
    const all = [...told, ...a.log.lines, ...b.log.lines].join('\n')
    // the first lines are the modulus, which is public
    const lines = pem.split('\n').slice(6, -2)
    expect(lines.length).toBeGreaterThan(10)
    expect(lines.filter((line) => all.includes(line))).toEqual([])
    expect(all).not.toContain(tokenOf(b))
  })
})
