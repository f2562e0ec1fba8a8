import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lifecycleCompliance } from '@hearsay/protocol-core/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { announceFrame, ApiClient, notifyFrame, OFTEN, validationFrame } from './api-client.ts'
import { handlesAtRest, Nodes, peers } from './nodes.ts'
import type { LifecycleSubject } from '@hearsay/protocol-core/testing'
import type { TestNode } from './nodes.ts'

vi.setConfig({ testTimeout: 60_000 })

const nodes = new Nodes()
const clients: ApiClient[] = []
afterEach(async () => {
  clients.splice(0).forEach((client) => client.close())
  await nodes.stop()
})

const FENCE = 9

/** A client of the node, once its subscriptions are in force: to the type, and to fences, which it finds valid */
async function subscribed({ gossipApi, libp2p }: TestNode, dataType: number): Promise<ApiClient> {
  const client = await ApiClient.connect(gossipApi)
  clients.push(client)
  client.send(notifyFrame(dataType), notifyFrame(FENCE))
  await vi.waitFor(() => {
    libp2p.services.gossip.announce(FENCE, Buffer.of(), { ttl: 1 })
    expect(client.waiting.length).toBeGreaterThan(0)
  }, OFTEN)
  return client
}

/** The text of the next notification that is no fence of `subscribed`, once the client gave its verdict on it */
async function judged(client: ApiClient, verdict: 0 | 1): Promise<string> {
  for (;;) {
    const { messageId, dataType, text } = await client.notification()
    client.send(validationFrame(messageId, dataType === FENCE ? 1 : verdict))

    if (text !== '') {
      return text
    }
  }
}

describe('nodes', () => {
  it('pass an announce from a client of one to a client of the other', async () => {
    const a = await nodes.create()
    const b = await nodes.create({ peer: [a.address] })
    await Promise.all([peers(a, 1), peers(b, 1)])
    const [atA, atB] = await Promise.all([subscribed(a, 1), subscribed(b, 1)])
    atA.send(announceFrame(1, 'there'))
    expect(await judged(atB, 1)).toBe('there')
    atB.send(announceFrame(1, 'and back'))
    expect(await judged(atA, 1)).toBe('and back')
  })

  /** a – b – c, with a client of each */
  async function threeInLine(): Promise<[ApiClient, ApiClient, ApiClient]> {
    const b = await nodes.create()
    const [a, c] = [await nodes.create({ peer: [b.address] }), await nodes.create({ peer: [b.address] })]
    await Promise.all([peers(a, 1), peers(b, 2), peers(c, 1)])
    return Promise.all([subscribed(a, 1), subscribed(b, 1), subscribed(c, 1)])
  }

  it('in a line pass on what the client between them finds valid', async () => {
    const [atA, atB, atC] = await threeInLine()
    atA.send(announceFrame(1, 'psst'))
    expect(await judged(atB, 1)).toBe('psst')
    expect(await judged(atC, 1)).toBe('psst')
  })

  it('in a line wait for the verdict before they pass it on', async () => {
    const [atA, atB, atC] = await threeInLine()
    atA.send(announceFrame(1, 'psst'))
    let held = await atB.notification()

    while (held.dataType === FENCE) {
      held = await atB.notification()
    }

    // a fence overtakes what is held
    atA.send(announceFrame(FENCE, 'fence'))
    expect(await judged(atB, 1)).toBe('fence')
    expect(await judged(atC, 1)).toBe('fence')
    atB.send(validationFrame(held.messageId, 1))
    expect(await judged(atC, 1)).toBe('psst')
  })

  it('in a line drop what the client between them finds invalid', async () => {
    const [atA, atB, atC] = await threeInLine()
    atA.send(announceFrame(1, 'a lie'))
    expect(await judged(atB, 0)).toBe('a lie')
    atA.send(announceFrame(1, 'the truth'))
    expect(await judged(atB, 1)).toBe('the truth')
    expect(await judged(atC, 1)).toBe('the truth')
  })

  it('in a line end what may go one hop after one hop', async () => {
    const [atA, atB, atC] = await threeInLine()
    atA.send(announceFrame(1, 'near', { ttl: 1 }))
    expect(await judged(atB, 1)).toBe('near')
    atA.send(announceFrame(1, 'far', { ttl: 2 }))
    expect(await judged(atB, 1)).toBe('far')
    expect(await judged(atC, 1)).toBe('far')
  })

  it('reach a known peer by its address alone', async () => {
    const a = await nodes.create()
    const b = await nodes.create({ peer: [a.bareAddress] })
    await Promise.all([peers(a, 1), peers(b, 1)])
    expect(b.libp2p.services.gossip.peers).toMatchObject([{ peer: a.libp2p.peerId.toString(), direction: 'outbound' }])
  })

  it('reach the bootstrapper by its address alone, when no known peer answers', async () => {
    const [a, gone] = [await nodes.create(), await nodes.create()]
    await gone.stop()
    const b = await nodes.create({ bootstrapper: a.bareAddress, peer: [gone.bareAddress] })
    await Promise.all([peers(a, 1), peers(b, 1)])
    expect(b.libp2p.services.gossip.peers).toMatchObject([{ peer: a.libp2p.peerId.toString() }])
  })

  it('prove their work to each other', async () => {
    const a = await nodes.create({ 'difficulty-bits': 14 })
    const b = await nodes.create({ 'difficulty-bits': 14, peer: [a.address] })
    await Promise.all([peers(a, 1), peers(b, 1)])
    expect(b.libp2p.services.gossip.ready).toBe(true)
  })

  it('of one machine may be many: libp2p does not hold ten that come at once for a flood', async () => {
    const hub = await nodes.create()
    const others = await Promise.all(Array.from({ length: 10 }, async () => nodes.create({ peer: [hub.address] })))
    await Promise.all(others.map(async (each) => peers(each, 1)))
    expect(hub.libp2p.services.gossip.peers).toHaveLength(10)
  })
})

describe('a node', () => {
  it('speaks gossip, identify, ping and a DHT of its own', async () => {
    const { libp2p } = await nodes.create()
    expect(libp2p.getProtocols()).toEqual(
      expect.arrayContaining(['/hearsay/gossip/1.0.0', '/hearsay/kad/1.0.0', '/ipfs/id/1.0.0', '/ipfs/ping/1.0.0'])
    )
  })

  it('tells its addresses with its peer id, and its gossip API with its port', async () => {
    const { libp2p, gossipApi, address } = await nodes.create()
    expect(address).toMatch(new RegExp(`^/ip4/127\\.0\\.0\\.1/tcp/[1-9]\\d*/p2p/${libp2p.peerId.toString()}$`))
    expect(gossipApi).toEqual({ host: '127.0.0.1', port: expect.toSatisfy((port) => Number(port) > 0) as number })
  })

  it('keeps its identity in its data directory', async () => {
    const flags = { 'data-dir': nodes.dir() }
    const first = await nodes.create(flags)
    await first.stop()
    const second = await nodes.create(flags)
    const other = await nodes.create()
    expect(second.libp2p.peerId.toString()).toBe(first.libp2p.peerId.toString())
    expect(other.libp2p.peerId.toString()).not.toBe(first.libp2p.peerId.toString())
  })

  it('may have a hostkey as its identity, and connects with it', async () => {
    const hostkey = join(nodes.dir(), 'hostkey.pem')
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    writeFileSync(hostkey, privateKey.export({ type: 'pkcs1', format: 'pem' }))
    const a = await nodes.create({ hostkey })
    const b = await nodes.create({ peer: [a.address] })
    expect(a.libp2p.peerId.type).toBe('RSA')
    await Promise.all([peers(a, 1), peers(b, 1)])
  })

  it('logs that it is ready, and the gossip peers it gains and loses', async () => {
    const a = await nodes.create()
    const b = await nodes.create({ peer: [a.address] })
    await Promise.all([peers(a, 1), peers(b, 1)])
    await b.stop()
    await peers(a, 0)
    const name = b.libp2p.peerId.toString()
    expect(a.log.lines).toEqual([
      'info gossip: ready',
      `info gossip: inbound peer ${name}`,
      `info gossip: lost peer ${name}`
    ])
  })

  it('warns when its DHT API is not for this machine alone (T21)', async () => {
    const { log } = await nodes.create({ 'dht-api': '0.0.0.0:0' })
    expect(log.lines).toContain('warn the DHT API listens on 0.0.0.0: anybody who reaches that address can use it')
  })

  it('warns when its gossip API is not for this machine alone', async () => {
    const { log } = await nodes.create({ 'gossip-api': '0.0.0.0:0' })
    expect(log.lines).toContain('warn the gossip API listens on 0.0.0.0: anybody who reaches that address can use it')
  })

  it('does not warn about its gossip API by default', async () => {
    const { log } = await nodes.create()
    expect(log.lines.filter((line) => line.startsWith('warn'))).toEqual([])
  })
})

describe('a node that cannot run', () => {
  const start = async (flags: Record<string, unknown>): Promise<unknown> =>
    nodes.create(flags).then(
      () => 'it runs',
      (err: Error) => `${err.name}: ${err.message}`
    )

  it('for a listen port in use says so', async () => {
    const { bareAddress } = await nodes.create()
    expect(await start({ listen: [bareAddress] })).toBe(
      `StartError: cannot listen on ${bareAddress} (--listen): the port is in use; port 0 picks a free one`
    )
  })

  it('for one of two listen ports in use says so', async () => {
    const { bareAddress } = await nodes.create()
    const listen = ['/ip4/127.0.0.1/tcp/0', bareAddress]
    expect(await start({ listen })).toBe(
      `StartError: cannot listen on ${bareAddress} (--listen): the port is in use; port 0 picks a free one`
    )
  })

  it('for a listen address of another machine says so', async () => {
    expect(await start({ listen: ['/ip4/192.0.2.1/tcp/0'] })).toBe(
      'StartError: cannot listen on /ip4/192.0.2.1/tcp/0 (--listen): this machine has no such address'
    )
  })

  it('for an API port in use says so, and leaves its listen port to others', async () => {
    const { gossipApi } = await nodes.create()
    const spare = await nodes.create()
    await spare.stop()
    const failed = await start({ listen: [spare.bareAddress], 'gossip-api': `127.0.0.1:${gossipApi.port}` })
    expect(failed).toMatch(
      /^StartError: cannot listen on 127\.0\.0\.1:\d+ for the gossip API \(--gossip-api\): the port/
    )
    const next = await nodes.create({ listen: [spare.bareAddress] })
    expect(next.bareAddress).toBe(spare.bareAddress)
  })
})

/** Two nodes that find each other, and a client that says something */
async function pair(): Promise<LifecycleSubject> {
  const [dir, otherDir] = [nodes.dir(), nodes.dir()]
  let running: TestNode[] = []

  return {
    start: async () => {
      const a = await nodes.create({ 'data-dir': dir })
      running = [a, await nodes.create({ 'data-dir': otherDir, peer: [a.address] })]
    },
    stop: async () => {
      await Promise.all(running.map(async (node) => node.stop()))
    },
    use: async () => {
      const [a, b] = running as [TestNode, TestNode]
      const client = await ApiClient.connect(b.gossipApi)
      a.libp2p.services.gossip.subscribe(1, () => true)
      const heard = once(a.libp2p.services.gossip, 'message')
      client.send(announceFrame(1, 'hello'))
      await Promise.race([heard, client.closed])
      client.close()
    }
  }
}

describe('the life of a node', () => {
  // the last looks for open handles, and cannot know how long libp2p takes to close its own
  const cases = lifecycleCompliance({ create: pair }).slice(0, -1)

  it.each(cases.map(({ name, run }) => [name, run] as const))('%s', async (_name, run) => run())

  it('leaves no open handle after 100 cycles', async () => {
    const subject = await pair()
    const before = await handlesAtRest()

    for (let cycle = 0; cycle < 100; cycle++) {
      await subject.start()
      await subject.use()
      await subject.stop()
    }

    expect(await handlesAtRest()).toEqual(before)
  })
})
