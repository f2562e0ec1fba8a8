import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ControlClient } from '../src/control/client.ts'
import { EventFeed, MAX_QUEUED_BYTES } from '../src/control/feed.ts'
import { OFTEN } from './api-client.ts'
import { ask, open, post } from './http.ts'
import { Nodes, peers } from './nodes.ts'
import type { Answer } from './http.ts'
import type { TestNode } from './nodes.ts'

vi.setConfig({ testTimeout: 30_000 })

const nodes = new Nodes()
const streams: AbortController[] = []
afterEach(async () => {
  streams.splice(0).forEach((stream) => stream.abort())
  await nodes.stop()
})

const text = (value: string): string => Buffer.from(value).toString('base64')
const PEER = '12D3KooWJGcy8N8CLTWgBpoKjuWU3betewnk2y8g96E3bxyAqtqC'

async function status(node: TestNode): Promise<{ ready: boolean; dataDir: string }> {
  return (await ask(node.controlApi, '/v1/status')).body as { ready: boolean; dataDir: string }
}

interface Operation {
  parameters: { name: string; in: string; required?: boolean; schema: object }[]
  requestBody?: { content: Record<string, { schema: object }> }
  responses: Record<string, { content: Record<string, { schema: object }> }>
}

interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> }
}

const documentOf = async (node: TestNode): Promise<Document> =>
  (await ask(node.controlApi, '/openapi.json')).body as Document

describe('the OpenAPI document', () => {
  /** A user hash */
  const [nobody, somebody] = ['0'.repeat(64), '{somebody}']

  /** One request for each operation; a route without one fails the test */
  const samples: Record<string, { path?: string; body?: object }> = {
    'get /livez': {},
    'get /readyz': { path: '/readyz?verbose' },
    'get /healthz': { path: '/healthz?verbose' },
    'get /v1/status': {},
    'get /v1/peers': {},
    'get /v1/peers/{peer}/refusals': { path: `/v1/peers/${PEER}/refusals` },
    'post /v1/gossip/announces': { body: { dataType: 1, data: text('x'), ttl: 1 } },
    'get /v1/gossip/announces': { path: '/v1/gossip/announces?dataType=1' },
    'post /v1/cup2py/publications': { body: { depth: 1 } },
    'post /v1/cup2py/searches': { body: { user: nobody, quietTime: 10 } },
    'get /v1/cup2py/records': { path: '/v1/cup2py/records?limit=5' },
    'get /v1/cup2py/records/{user}': { path: `/v1/cup2py/records/${somebody}` },
    'get /v1/cup2py/export': {},
    'post /v1/cup2py/import': { body: { records: ['none'] } },
    'post /v1/shout/shouts': { body: { value: { text: 'hello', picture: { $bytes: 'AAEC' } } } },
    'post /v1/shout/speaks': { body: { value: null } },
    'post /v1/shout/whispers': { body: { to: somebody, value: 'psst' } },
    'get /v1/shout/peers': {},
    'get /v1/shout/messages': {},
    'post /v1/shout/values': { body: { key: 'a name', value: [1, 'a'], ttl: 60 } },
    'get /v1/shout/values': { path: '/v1/shout/values?key=a%20name' },
    'post /v1/dht/values': { body: { key: 'ab'.repeat(32), value: text('x'), ttl: 60 } },
    'get /v1/dht/values/{key}': { path: `/v1/dht/values/${'ab'.repeat(32)}` }
  }

  /** Those of the document, puts before gets */
  const inOrder = (operations: [string, Operation][]): [string, Operation][] =>
    operations.toSorted(([a], [b]) => b.split(' ')[0]!.localeCompare(a.split(' ')[0]!))

  /** Two nodes with every protocol, that know each other */
  async function pair(): Promise<[TestNode, TestNode]> {
    const all = { cup2py: true, shout: true }
    const node = await nodes.create(all)
    const other = await nodes.create({ ...all, peer: [node.address] })
    await peers(node, 1)
    await vi.waitFor(() => {
      expect([node, other].map(({ libp2p }) => libp2p.services.shout.peers.length)).toEqual([1, 1])
      expect([node, other].map(({ libp2p }) => libp2p.services.cup2py.users)).toEqual([1, 1])
    }, OFTEN)
    return [node, other]
  }

  const operationsOf = ({ paths }: Document): [string, Operation][] =>
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation])
    )

  /** Whether a value is what a schema of the document says */
  function conforms(document: Document, schema: object, value: unknown): string {
    const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true, base64: true } })
    const check = ajv.compile({ ...schema, components: document.components })
    return check(value) ? 'conforms' : ajv.errorsText(check.errors)
  }

  const whole = async (): Promise<TestNode> => nodes.create({ cup2py: true, shout: true })

  it('is one', async () => {
    const { valid, errors } = await new Validator().validate((await documentOf(await whole())) as never)
    expect([valid, errors]).toEqual([true, undefined])
  })

  it('has every route, and no other', async () => {
    const document = await documentOf(await whole())
    expect(
      operationsOf(document)
        .map(([name]) => name)
        .toSorted()
    ).toEqual(Object.keys(samples).toSorted())
  })

  it('describes what the node answers, and what it takes', async () => {
    const [node, other] = await pair()
    const document = await documentOf(node)
    const { hash } = other.libp2p.services.cup2py

    for (const [name, operation] of inOrder(operationsOf(document))) {
      const [method, path] = name.split(' ') as [string, string]
      const sample = JSON.parse(JSON.stringify(samples[name]).replaceAll(somebody, hash)) as (typeof samples)[string]
      const response = operation.responses['200']!.content
      const streamed = response['text/event-stream']
      const asked = sample.path ?? path
      const { status: code, body } = streamed
        ? { status: 200, body: await firstEvent(node, asked, other) }
        : await ask(node.controlApi, asked, {
            ...(sample.body && post(sample.body)),
            method: method.toUpperCase()
          })
      const { schema } = (streamed ?? response['application/json'])!
      expect([name, code, conforms(document, schema, body)]).toEqual([name, 200, 'conforms'])
      const taken = operation.requestBody?.content['application/json']?.schema ?? {}
      expect([name, conforms(document, taken, sample.body ?? {})]).toEqual([name, 'conforms'])
    }
  })

  it('describes how the node refuses', async () => {
    const node = await nodes.create()
    const document = await documentOf(node)
    const refused = await Promise.all([
      ask(node.controlApi, '/none'),
      ask(node.controlApi, '/v1/status', post({})),
      ask(node.controlApi, '/v1/gossip/announces', post({ dataType: -1 }))
    ])

    for (const { body } of refused) {
      expect(conforms(document, document.components.schemas['Problem']!, body)).toBe('conforms')
    }
  })

  it('would not describe an answer without one of its members', async () => {
    const node = await nodes.create()
    const document = await documentOf(node)
    const schema = document.paths['/v1/status']!['get']!.responses['200']!.content['application/json']!.schema
    expect(conforms(document, schema, { ...(await status(node)), peerId: undefined })).toContain('peerId')
  })

  /** Of a stream, while announces of the data type 1 and shouts of another node are made */
  async function firstEvent({ controlApi }: TestNode, path: string, other: TestNode): Promise<unknown> {
    const ending = new AbortController()
    streams.push(ending)
    const response = await open(controlApi, path, { signal: ending.signal })
    response.setEncoding('utf8')
    let read = ''

    for await (const chunk of response) {
      read += String(chunk)
      const [, data] = /^data: (.*)\n\n/m.exec(read) ?? []

      if (data !== undefined) {
        return JSON.parse(data)
      }

      await ask(controlApi, '/v1/gossip/announces', post({ dataType: 1, data: text('x') }))
      await other.libp2p.services.shout.shout({ text: 'hello', picture: new Uint8Array(3) })
    }

    throw new Error('the stream ended')
  }
})

describe('the control API', () => {
  it('tells what the node is, and who its peers are', async () => {
    const a = await nodes.create()
    const b = await nodes.create({ peer: [a.address] })
    await Promise.all([peers(a, 1), peers(b, 1)])
    expect(await status(b)).toMatchObject({
      peerId: b.libp2p.peerId.toString(),
      listen: [b.address],
      ready: true,
      connections: 1,
      protocols: { gossip: { ready: true, peers: 1 } }
    })
    await vi.waitFor(async () => expect(await status(b)).toMatchObject({ protocols: { dht: { peers: 1 } } }), OFTEN)
    expect((await ask(b.controlApi, '/v1/peers')).body).toMatchObject({
      peers: [
        {
          peer: a.libp2p.peerId.toString(),
          direction: 'outbound',
          protocols: [
            { name: 'gossip', direction: 'outbound' },
            { name: 'dht', direction: 'outbound' }
          ]
        }
      ]
    })
  })

  it('tells why a peer was refused, and when', async () => {
    const a = await nodes.create({ 'difficulty-bits': 30 })
    const b = await nodes.create({ 'difficulty-bits': 0, peer: [a.address] })
    const path = `/v1/peers/${b.libp2p.peerId.toString()}/refusals`
    await vi.waitFor(async () => {
      const { body } = await ask(a.controlApi, path)
      expect(body).toMatchObject({ refusals: [{ protocol: 'gossip', reason: 'wrong proof' }] })
    }, OFTEN)
    const { refusals } = (await ask(a.controlApi, path)).body as { refusals: { time: string }[] }
    expect(Math.abs(Date.parse(refusals[0]!.time) - Date.now())).toBeLessThan(60_000)
  })

  it('announces, and lets others hear it', async () => {
    const a = await nodes.create()
    const b = await nodes.create({ peer: [a.address] })
    await Promise.all([peers(a, 1), peers(b, 1)])
    const client = await ControlClient.connect((await status(b)).dataDir)
    const ending = new AbortController()
    streams.push(ending)
    const events = client.stream('/v1/gossip/announces?dataType=7', ending.signal)
    expect(await events.next()).toMatchObject({ value: { event: 'open' } })
    const answer = await ask(a.controlApi, '/v1/gossip/announces', post({ dataType: 7, data: text('psst') }))
    expect(answer).toMatchObject({ status: 200, body: { sentTo: 1, queued: false } })
    expect(await events.next()).toMatchObject({
      value: { event: 'message', data: { dataType: 7, data: text('psst') } }
    })
  })

  it('drops what a listener does not read, and tells it how much', async () => {
    const node = await nodes.create()
    const ending = new AbortController()
    streams.push(ending)
    const response = await open(node.controlApi, '/v1/gossip/announces?dataType=7', { signal: ending.signal })
    response.pause()
    const [count, data] = [400, Buffer.alloc(60_000)]
    Array.from({ length: count }, () => node.libp2p.services.gossip.announce(7, data))
    let [heard, dropped, read] = [0, 0, '']

    for await (const chunk of response.setEncoding('utf8')) {
      const parts = (read + String(chunk)).split('\n\n')
      read = parts.pop()!
      heard += parts.filter((part) => part.startsWith('data: ')).length
      dropped += parts
        .map((part) => /^event: dropped\ndata: \{"count":(\d+)\}$/.exec(part)?.[1])
        .reduce((sum, n) => sum + Number(n ?? 0), 0)

      if (heard + dropped === count) {
        break
      }
    }

    expect(dropped).toBeGreaterThan(count / 2)
    expect(heard).toBeGreaterThan(0)
  })

  it('ends a subscription with its stream', async () => {
    const a = await nodes.create()
    const b = await nodes.create({ peer: [a.address] })
    const c = await nodes.create({ peer: [b.address] })
    await Promise.all([peers(a, 1), peers(b, 2), peers(c, 1)])
    const heard: string[] = []
    c.libp2p.services.gossip.subscribe(7, (data) => heard.push(Buffer.from(data).toString()) > 0)
    const ending = new AbortController()
    await open(b.controlApi, '/v1/gossip/announces?dataType=7', { signal: ending.signal })
    a.libp2p.services.gossip.announce(7, Buffer.from('while it listens'))
    await vi.waitFor(() => expect(heard).toEqual(['while it listens']), OFTEN)
    ending.abort()
    // without it b passes nothing of that type on, and at some time notices
    await vi.waitFor(async () => {
      const before = heard.length
      a.libp2p.services.gossip.announce(7, Buffer.from('after it'))
      c.libp2p.services.gossip.subscribe(8, () => true)
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(heard.length).toBe(before)
    }, OFTEN)
  })

  it('has so many streams, and no more', async () => {
    const node = await nodes.create()
    const listen = async (): Promise<number> => {
      const ending = new AbortController()
      streams.push(ending)
      return (await open(node.controlApi, '/v1/gossip/announces?dataType=1', { signal: ending.signal })).statusCode!
    }
    expect(await Promise.all(Array.from({ length: 16 }, listen))).toEqual(Array.from({ length: 16 }, () => 200))
    expect(await listen()).toBe(429)
    streams.splice(0).forEach((stream) => stream.abort())
    await vi.waitFor(async () => expect(await listen()).toBe(200), OFTEN)
  })

  it.each([
    ['no JSON', { ...post(1), body: '{' }, 400, 'the body is no JSON object'],
    ['no object', post([1]), 400, 'the body is no JSON object'],
    ['a wrong number', post({ dataType: 65_536, data: '' }), 400, 'dataType: '],
    ['no base64', post({ dataType: 1, data: '?' }), 400, 'data: '],
    [
      'too much data',
      post({ dataType: 1, data: 'A'.repeat(87_364) }),
      400,
      'data.byteLength must be an integer from 0 to 65519'
    ],
    ['too large a body', post({ dataType: 1, data: 'A'.repeat(200_000) }), 413, 'a body may have 131072 bytes'],
    ['a form', { ...post({ dataType: 1, data: '' }), headers: { 'content-type': 'text/plain' } }, 415, 'send JSON'],
    ['another method', { method: 'DELETE' }, 404, 'there is no DELETE /v1/gossip/announces']
  ])('refuses %s', async (_name, request, code, message) => {
    const node = await nodes.create()
    const announce = vi.spyOn(node.libp2p.services.gossip, 'announce')
    const answer = await ask(node.controlApi, '/v1/gossip/announces', request)
    expect(answer).toMatchObject({ status: code, body: { message: expect.stringContaining(message) as string } })
    expect(announce.mock.results.filter(({ type }) => type === 'return')).toEqual([])
  })

  it('tells a client nothing of a mistake of its own, and the log all', async () => {
    const node = await nodes.create()
    vi.spyOn(node.libp2p.services.gossip, 'announce').mockImplementation(() => {
      throw new TypeError('inner workings')
    })
    const answer = await ask(node.controlApi, '/v1/gossip/announces', post({ dataType: 1, data: '' }))
    expect(answer).toMatchObject({ status: 500, body: { name: 'InternalError' } })
    expect(JSON.stringify(answer.body)).not.toContain('inner workings')
    expect(node.log.lines.join()).toContain('TypeError: inner workings')
  })
})

describe('strangers at the control API (T21)', () => {
  const overTcp = async (): Promise<[TestNode, string]> => {
    const node = await nodes.create({ 'control-api': '127.0.0.1:0' })
    const { token } = JSON.parse(readFileSync(join(node.config['data-dir'], 'control.json'), 'utf8')) as {
      token: string
    }
    return [node, token]
  }

  const announcing = (headers: Record<string, string>) => post({ dataType: 1, data: text('x') }, headers)

  it('with the token over TCP are none', async () => {
    const [node, token] = await overTcp()
    const authorization = `Bearer ${token}`
    const answer = await ask(node.controlApi, '/v1/gossip/announces', announcing({ authorization }))
    expect(answer.status).toBe(200)
    await expect(ask(node.controlApi, '/v1/status', { headers: { authorization } })).resolves.toMatchObject({
      status: 200
    })
  })

  it.each([
    ['without the token', () => ({}), 401],
    ['with another token', () => ({ authorization: 'Bearer x' }), 401],
    ['with the token in another way', (token: string) => ({ authorization: token }), 401],
    ['that are a page', (token: string) => ({ authorization: `Bearer ${token}`, origin: 'http://evil.example' }), 403],
    ['that are a page of no origin', (token: string) => ({ authorization: `Bearer ${token}`, origin: 'null' }), 403],
    ['that are an image of a page', () => ({ 'sec-fetch-site': 'cross-site' }), 403],
    [
      'under a name that was bound anew',
      (token: string) => ({ authorization: `Bearer ${token}`, host: 'evil.example' }),
      403
    ]
  ])(
    '%s change nothing and learn nothing',
    async (_name, headersOf: (token: string) => Record<string, string>, code) => {
      const [node, token] = await overTcp()
      const announce = vi.spyOn(node.libp2p.services.gossip, 'announce')
      const subscribe = vi.spyOn(node.libp2p.services.gossip, 'subscribe')
      const headers = headersOf(token)
      const answers: Answer[] = [
        await ask(node.controlApi, '/v1/gossip/announces', announcing(headers)),
        await ask(node.controlApi, '/v1/gossip/announces?dataType=1', { headers }),
        await ask(node.controlApi, '/v1/status', { headers }),
        await ask(node.controlApi, '/openapi.json', { headers })
      ]
      expect(answers.map((answer) => answer.status)).toEqual([code, code, code, code])
      expect(JSON.stringify(answers)).not.toContain(node.libp2p.peerId.toString())
      expect([announce.mock.calls, subscribe.mock.calls]).toEqual([[], []])
    }
  )

  it('may ask whether it lives, and no more', async () => {
    const [node] = await overTcp()
    await expect(ask(node.controlApi, '/livez')).resolves.toMatchObject({ status: 200 })
  })

  it('on its socket are those whom the system lets in: its owner', async () => {
    const node = await nodes.create()
    const dir = node.config['data-dir']
    expect(node.controlApi).toBe(join(dir, 'control.sock'))
    const modes = ['control.sock', 'control.json', 'identity.key'].map((name) => statSync(join(dir, name)).mode & 0o777)
    expect(modes).toEqual([0o600, 0o600, 0o600])
  })

  it('are let in from elsewhere only when told so, with a warning', async () => {
    const node = await nodes.create({ 'control-api': '0.0.0.0:0' })
    expect(node.log.lines.join('\n')).toContain('warn the control API listens on 0.0.0.0')
  })

  it('who send a request slowly do not keep others out', async () => {
    const node = await nodes.create()
    const sockets = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const { connect } = await import('node:net')
        const socket = connect(node.controlApi)
        socket.on('error', () => {}).write('GET /v1/status HTTP/1.1\r\nHost: ')
        return socket
      })
    )
    expect((await status(node)).ready).toBe(true)
    sockets.forEach((socket) => socket.destroy())
  })
})

describe('the place of the control API', () => {
  /** The file of a socket, whose process was killed */
  async function leaveSocket(path: string): Promise<void> {
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('listening'))`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'close')
    expect(statSync(path).isSocket()).toBe(true)
  }

  it('is never a file that is no socket', async () => {
    const file = join(nodes.dir(), 'notes')
    writeFileSync(file, 'of value')
    await expect(nodes.create({ 'control-api': file })).rejects.toThrow('it is a file of another kind')
    expect(readFileSync(file, 'utf8')).toBe('of value')
  })

  it('is in a directory that there is', async () => {
    const path = join(nodes.dir(), 'none', 'socket')
    await expect(nodes.create({ 'control-api': path })).rejects.toThrow(
      `cannot listen on ${path} for the control API (--control-api): its directory is not there`
    )
  })

  it('is not taken from another node that has it', async () => {
    const path = join(nodes.dir(), 'socket')
    const first = await nodes.create({ 'control-api': path })
    await expect(nodes.create({ 'control-api': path })).rejects.toThrow(
      `cannot listen on ${path} for the control API (--control-api): another process listens there`
    )
    expect((await status(first)).ready).toBe(true)
  })

  it('is had though a killed node named a place where another program is by now', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const dir = nodes.dir()
    const place = { pid: process.pid, tcp: { host: '127.0.0.1', port }, token: 'x' }
    writeFileSync(join(dir, 'control.json'), JSON.stringify(place))
    const node = await nodes.create({ 'data-dir': dir })
    expect(await (await ControlClient.connect(dir)).get('/v1/status')).toMatchObject({ listen: [node.address] })
    await new Promise((resolve) => server.close(resolve))
  })

  it('is TCP with a token where there can be no socket by default', async () => {
    const dir = nodes.dir()
    mkdirSync(join(dir, 'control.sock'))
    const node = await nodes.create({ 'data-dir': dir })
    expect(node.controlApi).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await (await ControlClient.connect(dir)).get('/v1/status')).toMatchObject({ ready: true })
  })

  it('that cannot be told is a reason not to start, and leaves nothing behind', async () => {
    const dir = nodes.dir()
    mkdirSync(join(dir, 'control.json'))
    const why = `StartError: cannot use the data directory ${dir}: `
    expect(await nodes.create({ 'data-dir': dir }).catch(String)).toContain(why)
    expect(readdirSync(dir).toSorted()).toEqual(['control.json', 'dht.sqlite', 'identity.key', 'lock', 'version'])
  })

  it('is of the one node that starts when several do at once, also where one was killed', async () => {
    const dir = nodes.dir()
    await leaveSocket(join(dir, 'control.sock'))
    const starts = Array.from({ length: 4 }, async () => nodes.create({ 'data-dir': dir }))
    const all = await Promise.allSettled(starts)
    const running = all.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    const refused = all.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []))
    expect(running).toHaveLength(1)
    const why = expect.stringContaining('another node runs with it') as string
    expect(refused).toEqual([why, why, why])
    expect(await (await ControlClient.connect(dir)).get('/v1/status')).toMatchObject({ listen: [running[0]!.address] })
  })

  it('is told in control.json, and gone after the stop', async () => {
    const node = await nodes.create()
    const dir = node.config['data-dir']
    expect(JSON.parse(readFileSync(join(dir, 'control.json'), 'utf8'))).toEqual({
      pid: process.pid,
      socket: join(dir, 'control.sock')
    })
    await node.stop()
    expect(['control.json', 'control.sock'].map((name) => existsSync(join(dir, name)))).toEqual([false, false])
    await expect(ControlClient.connect(dir)).rejects.toMatchObject({ name: 'NoNodeError' })
  })

  it.each([
    ['a socket that nobody listens on', (dir: string) => ({ pid: 1, socket: join(dir, 'control.sock') })],
    ['a process that is gone', () => ({ pid: 2 ** 30, tcp: { host: '127.0.0.1', port: 1 }, token: 'x' })],
    ['nothing that can be read', () => 'x']
  ])('that a killed node left behind, %s, is nobody’s', async (_name, placeOf) => {
    const dir = nodes.dir()
    await leaveSocket(join(dir, 'control.sock'))
    writeFileSync(join(dir, 'control.json'), JSON.stringify(placeOf(dir)))
    await expect(ControlClient.connect(dir)).rejects.toMatchObject({ name: 'NoNodeError' })
    const node = await nodes.create({ 'data-dir': dir })
    expect(node.log.lines.filter((line) => line.startsWith('warn'))).toEqual([])
    expect(await status(node)).toMatchObject({ ready: true })
  })

  it('whose port another program has by now is not asked', async () => {
    const asked = vi.fn<() => void>()
    const server = createServer(asked)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const dir = nodes.dir()
    const place = { pid: 2 ** 30, tcp: { host: '127.0.0.1', port }, token: 'secret' }
    writeFileSync(join(dir, 'control.json'), JSON.stringify(place))
    await expect(ControlClient.connect(dir)).rejects.toMatchObject({ name: 'NoNodeError' })
    expect(asked).not.toHaveBeenCalled()
    await new Promise((resolve) => server.close(resolve))
  })

  it('is TCP with a token where the path of a socket is too long', async () => {
    const dir = join(nodes.dir(), 'long'.repeat(25))
    const node = await nodes.create({ 'data-dir': dir })
    expect(node.controlApi).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await (await ControlClient.connect(dir)).get('/v1/status')).toMatchObject({ ready: true })
  })

  it('that cannot be is told, and leaves nothing behind', async () => {
    const { gossipApi } = await nodes.create()
    const start = nodes.create({ 'control-api': `127.0.0.1:${gossipApi.port}` })
    await expect(start).rejects.toThrow(
      /^cannot listen on 127\.0\.0\.1:\d+ for the control API \(--control-api\): the port is/
    )
  })
})

describe('a feed of events', () => {
  it('drops what does not fit, and says how many', async () => {
    const feed = new EventFeed()
    const event = 'x'.repeat(MAX_QUEUED_BYTES / 4)
    Array.from({ length: 10 }, () => feed.push(event))
    const events = feed.read()
    const [a, b, c, d] = [await events.next(), await events.next(), await events.next(), await events.next()]
    expect([a, b, c].map(({ value }) => JSON.parse((value as { data: string }).data) as string)).toEqual([
      event,
      event,
      event
    ])
    expect(d.value).toEqual({ event: 'dropped', data: '{"count":7}' })
    feed.push('and on')
    expect((await events.next()).value).toEqual({ data: '"and on"' })
    feed.end()
    expect(await events.next()).toMatchObject({ done: true })
  })

  it('says how many were dropped before it goes on, also when it is read meanwhile', async () => {
    const feed = new EventFeed()
    const events = feed.read()
    const next = async (): Promise<unknown> => (await events.next()).value
    const half = 'x'.repeat(MAX_QUEUED_BYTES / 2)
    Array.from({ length: 2 }, () => feed.push(half))
    expect(await next()).toEqual({ data: JSON.stringify(half) })
    // there is room again, and it is not overtaken
    feed.push('too early')
    expect(await next()).toEqual({ event: 'dropped', data: '{"count":2}' })
    feed.push('and on')
    expect(await next()).toEqual({ data: '"and on"' })
  })
})
