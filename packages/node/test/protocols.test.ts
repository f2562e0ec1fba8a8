/** Every protocol on one host, and each of them off. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { OFTEN } from './api-client.ts'
import { ask, post } from './http.ts'
import { Nodes } from './nodes.ts'
import type { TestNode } from './nodes.ts'

vi.setConfig({ testTimeout: 60_000 })

const nodes = new Nodes()
afterEach(async () => nodes.stop())

const ALL = { gossip: true, cup2py: true, shout: true, dht: true }
const NONE = { gossip: false, cup2py: false, shout: false, dht: false }
const SPOKEN = {
  gossip: '/hearsay/gossip/1.0.0',
  cup2py: '/hearsay/cup2py/1.0.0',
  shout: '/hearsay/shout/1.0.0',
  dht: '/hearsay/kad/1.0.0'
} as const
type Name = keyof typeof SPOKEN
const NAMES = Object.keys(SPOKEN) as Name[]

interface Status {
  user: string | null
  gossipApi: string | null
  dhtApi: string | null
  ready: boolean
  protocols: Record<string, { ready: boolean; peers: number }>
}

const statusOf = async ({ controlApi }: TestNode): Promise<Status> =>
  (await ask(controlApi, '/v1/status')).body as Status
const spokenBy = ({ libp2p }: TestNode): Name[] => NAMES.filter((name) => libp2p.getProtocols().includes(SPOKEN[name]))

/** Two nodes, the second of which knows the first, once their users know each other */
async function pair(flags: Record<string, unknown> = ALL): Promise<[TestNode, TestNode]> {
  const first = await nodes.create({ ...flags })
  const second = await nodes.create({ ...flags, peer: [first.address] })
  await met(first, second)
  return [first, second]
}

async function met(...all: TestNode[]): Promise<void> {
  await vi.waitFor(() => {
    expect(all.map(({ libp2p }) => libp2p.services.cup2py.users)).toEqual(all.map(() => 1))
    expect(all.map(({ libp2p }) => libp2p.services.shout.peers.length)).toEqual(all.map(() => 1))
  }, OFTEN)
}

describe('a node', () => {
  it('speaks every protocol on one host, and says so', async () => {
    const [first, second] = await pair()
    expect(spokenBy(first)).toEqual(NAMES)
    await vi.waitFor(async () => {
      const { protocols } = await statusOf(second)
      expect(protocols).toEqual(Object.fromEntries(NAMES.map((name) => [name, { ready: true, peers: 1 }])))
    }, OFTEN)
    const { body } = await ask(first.controlApi, '/v1/peers')
    const [peer] = (body as { peers: { protocols: { name: string; direction: string }[] }[] }).peers
    expect(peer!.protocols).toEqual(NAMES.map((name) => ({ name, direction: 'inbound' })))
    expect((await statusOf(first)).user).toBe(first.libp2p.services.cup2py.hash)
  })

  it.each(NAMES)('may have %s turned off', async (off) => {
    const node = await nodes.create({ ...ALL, [off]: false })
    expect(spokenBy(node)).toEqual(NAMES.filter((name) => name !== off))
    const { protocols, gossipApi, dhtApi, ready } = await statusOf(node)
    expect([Object.keys(protocols), ready]).toEqual([NAMES.filter((name) => name !== off), true])
    expect([gossipApi === null, dhtApi === null]).toEqual([off === 'gossip', off === 'dht'])
    const paths = { gossip: 'announces', cup2py: 'publications', shout: 'shouts', dht: 'values' }
    expect(await ask(node.controlApi, `/v1/${off}/${paths[off]}`, post({}))).toMatchObject({
      status: 404,
      body: { message: `${off} is turned off at this node (--no-${off})` }
    })
    const files = { gossip: undefined, cup2py: 'cup2py.sqlite', shout: 'shout.sqlite', dht: 'dht.sqlite' }
    const file = files[off]
    expect(file !== undefined && existsSync(join(node.config['data-dir'], file))).toBe(false)
  })

  it.each(NAMES)('may have %s alone', async (on) => {
    const node = await nodes.create({ ...NONE, [on]: true })
    expect(spokenBy(node)).toEqual([on])
    const found = readdirSync(node.config['data-dir'])
    expect(found.includes('users')).toBe(on === 'cup2py' || on === 'shout')
  })

  it('without gossip stays connected to its known peers', async () => {
    const flags = { ...ALL, gossip: false, 'search-cooldown': 1 }
    const [first, second] = await pair(flags)
    const { config, bareAddress } = first
    await first.stop()
    const again = await nodes.create({ ...flags, 'data-dir': config['data-dir'], listen: [bareAddress] })
    await vi.waitFor(() => expect(second.libp2p.getPeers()).toEqual([again.libp2p.peerId]), OFTEN)
  })

  it('tells whom cup2py and shout closed, and why', async () => {
    const node = await nodes.create(ALL)
    const refusalsOf = async ({ libp2p }: TestNode): Promise<unknown> =>
      ((await ask(node.controlApi, `/v1/peers/${libp2p.peerId.toString()}/refusals`)).body as { refusals: unknown })
        .refusals
    const time = expect.any(String) as string
    const elsewhere = await nodes.create({ ...NONE, shout: true, 'shout-subnet': 'chess', peer: [node.address] })
    const rude = await nodes.create({ ...NONE, gossip: true })
    const stream = await rude.libp2p.dialProtocol(multiaddr(node.address), SPOKEN.cup2py)
    stream.send(Uint8Array.of(3, 1, 2, 3))
    await vi.waitFor(async () => {
      expect(await refusalsOf(elsewhere)).toContainEqual({ protocol: 'shout', reason: 'subnet', time })
      expect(await refusalsOf(rude)).toEqual([{ protocol: 'cup2py', reason: 'malformed', time }])
    }, OFTEN)
  })

  it('speaks the dialects of gossip that it is told, with those who do', async () => {
    const dialects = ['gossip-midterm']
    const node = await nodes.create({ dialects })
    expect(node.libp2p.getProtocols().filter((name) => name.startsWith('/hearsay/gossip'))).toEqual([
      '/hearsay/gossip-midterm/1.0.0'
    ])
    const other = await nodes.create({ dialects: ['gossip', 'gossip-midterm'], peer: [node.address] })
    await vi.waitFor(
      () => expect(other.libp2p.services.gossip.peers).toMatchObject([{ dialect: 'gossip-midterm' }]),
      OFTEN
    )
  })
})

describe('a user', () => {
  it('is one in cup2py and in shout: who speaks is whom a record tells of', async () => {
    const [first, second] = await pair()
    const heard = Promise.withResolvers<Uint8Array>()
    second.libp2p.services.shout.addEventListener('shout', ({ detail }) => heard.resolve(detail.from))
    await first.libp2p.services.shout.shout('hello')
    expect(Buffer.from(await heard.promise)).toEqual(Buffer.from(first.libp2p.services.shout.publicKey))
    const record = await second.libp2p.services.cup2py.get(first.libp2p.services.cup2py.hash)
    expect(record).toMatchObject({ address: first.address })
  })

  it('is the same after a restart, and still known to others, who find where it is now', async () => {
    const [first, second] = await pair()
    const { hash } = second.libp2p.services.cup2py
    const { config } = second
    await second.stop()
    // a free port: it is elsewhere
    const again = await nodes.create({ ...ALL, 'data-dir': config['data-dir'], peer: [first.address] })
    expect(again.libp2p.services.cup2py.hash).toBe(hash)
    expect(again.libp2p.services.cup2py.users).toBe(1)
    await vi.waitFor(async () => {
      const { body } = await ask(first.controlApi, `/v1/cup2py/records/${hash}`)
      expect(body).toMatchObject({ hash, address: again.address })
    }, OFTEN)
  })

  it('is known also where the peer that is known starts later', async () => {
    const flags = { ...ALL, 'search-cooldown': 1 }
    const early = await nodes.create(flags)
    const { config, bareAddress, address } = early
    await early.stop()
    const second = await nodes.create({ ...flags, peer: [address] })
    const first = await nodes.create({ ...flags, 'data-dir': config['data-dir'], listen: [bareAddress] })
    await met(first, second)
    expect(await first.libp2p.services.cup2py.get(second.libp2p.services.cup2py.hash)).toMatchObject({
      address: second.address
    })
  })

  it('is another one under another name in the same directory', async () => {
    const node = await nodes.create(ALL)
    const { config } = node
    await node.stop()
    const other = await nodes.create({ ...ALL, 'data-dir': config['data-dir'], user: 'anna' })
    expect(other.libp2p.services.cup2py.hash).not.toBe(node.libp2p.services.cup2py.hash)
    expect(readdirSync(join(config['data-dir'], 'users')).toSorted()).toEqual([
      'anna_privateKey.pem',
      'anna_publicKey.pem',
      'user_privateKey.pem',
      'user_publicKey.pem'
    ])
  })

  it('whose messages were heard is remembered for it over restarts, by their signatures', async () => {
    const node = await nodes.create(ALL)
    const { config } = node
    const other = await nodes.create({ ...ALL, peer: [node.address] })
    await met(node, other)
    const heard = vi.fn<() => void>()
    node.libp2p.services.shout.addEventListener('shout', heard)
    await other.libp2p.services.shout.shout('once')
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1), OFTEN)
    await node.stop()
    const { SqliteDatastore } = await import('../src/dht/sqlite-datastore.ts')
    const file = new SqliteDatastore(join(config['data-dir'], 'shout.sqlite'))
    const rows: number[] = []

    for await (const { value } of file.query({ prefix: '/hearsay/shout/seen' })) {
      rows.push(value.byteLength)
    }

    file.close()
    expect(rows).toHaveLength(1)
    // 8 bytes of a header, 16 of each signature
    expect(rows[0]).toBeGreaterThanOrEqual(8 + 16)
  })
})

describe('a data directory', () => {
  it('from before these protocols keeps all it has, and its version', async () => {
    const dir = nodes.dir()
    const before = await nodes.create({ 'data-dir': dir })
    const key = Buffer.alloc(32, 7)
    await before.dht.put(key, Buffer.from('kept'), { ttl: 600 })
    await before.stop()
    expect(readdirSync(dir).filter((name) => /users|cup2py|shout/.test(name))).toEqual([])
    const after = await nodes.create({ ...ALL, 'data-dir': dir })
    expect(after.libp2p.peerId.toString()).toBe(before.libp2p.peerId.toString())
    expect(Buffer.from((await after.dht.get(key))!).toString()).toBe('kept')
    expect(readFileSync(join(dir, 'version'), 'utf8')).toBe('1\n')
  })

  it('whose address book is damaged is refused with its name', async () => {
    const dir = nodes.dir()
    writeFileSync(join(dir, 'cup2py.sqlite'), 'no database, by far'.repeat(100))
    await expect(nodes.create({ ...ALL, 'data-dir': dir })).rejects.toThrow(/cup2py\.sqlite/)
  })

  it('whose log of seen messages is damaged is refused', async () => {
    const dir = nodes.dir()
    writeFileSync(join(dir, 'shout.sqlite'), 'no database, by far'.repeat(100))
    await expect(nodes.create({ ...ALL, 'data-dir': dir })).rejects.toThrow(
      `cannot keep values in the data directory ${dir}`
    )
  })
})
