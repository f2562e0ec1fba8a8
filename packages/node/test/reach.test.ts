import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossip } from '@hearsay/protocol-gossip'
import { loadConfig } from '@hearsay/node'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { OFTEN } from './api-client.ts'
import { Nodes, peers, recordedLog } from './nodes.ts'
import { localPeers } from '../src/reach/local-peers.ts'
import { reachOf } from '../src/reach/reach.ts'
import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { TestNode } from './nodes.ts'

vi.setConfig({ testTimeout: 60_000 })

const nodes = new Nodes()
const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(ends.splice(0).map(async (end) => end()))
  await nodes.stop()
})

const PATIENT = { ...OFTEN, timeout: 30_000 }
const RELAYED = '/p2p-circuit'
const UPNP = { upnp: expect.any(Function) as object }

/** What multicast DNS asks for before it starts, which it does not here */
const stubs = (peerId: PeerId): object => ({
  peerId,
  addressManager: {},
  logger: { forComponent: () => Object.assign(() => {}, { trace: () => {}, error: () => {} }) }
})

/** Its address through the relay, once it has one */
async function placeAt({ libp2p }: TestNode): Promise<string> {
  return vi.waitFor(() => {
    const address = libp2p
      .getMultiaddrs()
      .map(String)
      .find((each) => each.includes(RELAYED))
    expect(address).toBeDefined()
    return address!
  }, PATIENT)
}

describe('two nodes behind a relay', () => {
  /** Nobody can dial them: they listen nowhere */
  const hidden = { listen: [], dcutr: false }

  it('gossip and put values through it', async () => {
    const relay = await nodes.create({ 'relay-server': true })
    const a = await nodes.create({ ...hidden, relay: [relay.address] })
    expect(
      a.libp2p
        .getMultiaddrs()
        .map(String)
        .filter((each) => !each.includes(RELAYED))
    ).toEqual([])
    const b = await nodes.create({ ...hidden, peer: [await placeAt(a)] })
    await Promise.all([peers(a, 1), peers(b, 1)])
    const [connection] = b.libp2p.getConnections(a.libp2p.peerId)
    expect(connection?.remoteAddr.toString()).toContain(RELAYED)

    const heard = Promise.withResolvers<string>()
    a.libp2p.services.gossip.subscribe(42, () => true)
    a.libp2p.services.gossip.addEventListener('message', ({ detail }) =>
      heard.resolve(Buffer.from(detail.data).toString())
    )
    b.libp2p.services.gossip.announce(42, Buffer.from('through the relay'))
    expect(await heard.promise).toBe('through the relay')

    const key = Buffer.alloc(32, 7)
    await vi.waitFor(async () => {
      const { verifiedOn } = await b.dht.put(key, Buffer.from('value'), { replication: 3 })
      expect(verifiedOn).toContain(a.libp2p.peerId.toString())
    }, PATIENT)
    // more than libp2p's relays let through unless told otherwise
    const large = new Uint8Array(65_000)

    for (let i = 0; i < 4; i++) {
      await b.dht.put(Buffer.alloc(32, i), large, { replication: 3 })
    }

    expect(await a.dht.get(key)).toEqual(new Uint8Array(Buffer.from('value')))
    expect(b.libp2p.getConnections(a.libp2p.peerId)).toHaveLength(1)
  })

  it('are reached again when the relay was away', async () => {
    const first = await nodes.create({ 'relay-server': true })
    const a = await nodes.create({ ...hidden, relay: [first.address] })
    await placeAt(a)
    await first.stop()
    await vi.waitFor(() => expect(a.libp2p.getMultiaddrs()).toEqual([]), PATIENT)
    const again = { listen: [first.bareAddress], 'data-dir': first.config['data-dir'], 'relay-server': true }
    const second = await nodes.create(again)
    expect(second.address).toBe(first.address)
    const b = await nodes.create({ ...hidden, peer: [await placeAt(a)] })
    await Promise.all([peers(a, 1), peers(b, 1)])
    expect(a.log.lines.join('\n')).toContain(`warn the place at the relay ${first.address} is lost`)
  })

  it('start while the relay is not there, and say so once', async () => {
    const relay = await nodes.create({ 'relay-server': true })
    await relay.stop()
    const a = await nodes.create({ relay: [relay.address] })
    const told = (): string[] => a.log.lines.filter((line) => line.includes('gives no place'))
    await vi.waitFor(() => expect(told()).toHaveLength(1), PATIENT)
    await nodes.create({
      listen: [relay.bareAddress],
      'data-dir': relay.config['data-dir'],
      'relay-server': true
    })
    await placeAt(a)
    expect(told()).toHaveLength(1)
  })

  it('are not connected by one that is none', async () => {
    const other = await nodes.create()
    const a = await nodes.create({ relay: [other.address] })
    await vi.waitFor(() => expect(a.log.lines.join('\n')).toContain('gives no place'), PATIENT)
    expect(a.libp2p.getMultiaddrs().join()).not.toContain(RELAYED)
  })
})

describe('a node', () => {
  it('is dialled over WebSockets by what a browser has', async () => {
    const node = await nodes.create({ listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'] })
    const address = node.libp2p
      .getMultiaddrs()
      .map(String)
      .find((each) => each.includes('/ws/'))!
    const browser = await createLibp2p({
      addresses: { listen: [] },
      transports: [webSockets()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify(), gossip: gossip({ difficultyBits: 0, knownPeers: [address] }) }
    })
    ends.push(async () => browser.stop())
    await vi.waitFor(() => expect(browser.services.gossip.peers).toHaveLength(1), PATIENT)
    const heard = Promise.withResolvers<number>()
    node.libp2p.services.gossip.subscribe(7, () => true)
    node.libp2p.services.gossip.addEventListener('message', ({ detail }) => heard.resolve(detail.dataType))
    browser.services.gossip.announce(7, Buffer.from('from a page'))
    expect(await heard.promise).toBe(7)
    expect(browser.getConnections()[0]!.remoteAddr.toString()).toContain('/ws')
  })

  it('that listens on WebSockets alone is dialled by other nodes', async () => {
    const a = await nodes.create({ listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
    const b = await nodes.create({ peer: [a.address] })
    await Promise.all([peers(a, 1), peers(b, 1)])
    expect(b.libp2p.getConnections()[0]!.remoteAddr.toString()).toContain('/ws')
  })

  it('speaks what its switches say, and nothing else', async () => {
    const protocols = ({ libp2p }: TestNode): string[] => libp2p.getProtocols()
    const all = await nodes.create({ 'relay-server': true })
    const none = await nodes.create({ autonat: false, dcutr: false, 'relay-client': false })
    const optional = [
      '/libp2p/autonat/1.0.0',
      '/libp2p/circuit/relay/0.2.0/hop',
      '/libp2p/circuit/relay/0.2.0/stop',
      '/libp2p/dcutr'
    ]
    expect(protocols(all)).toEqual(expect.arrayContaining(optional))
    expect(protocols(none).filter((each) => optional.includes(each))).toEqual([])
    expect(protocols(none)).toEqual(expect.arrayContaining(['/ipfs/id/1.0.0', '/ipfs/ping/1.0.0']))
    await expect(
      none.libp2p.dial(multiaddr(`${all.address}/p2p-circuit/p2p/${all.libp2p.peerId.toString()}`))
    ).rejects.toThrow()
  })

  it('asks neither the router nor the local network unless told to', async () => {
    const { config, log } = await nodes.create()
    expect(await reachOf(config, log)).toMatchObject({
      peerDiscovery: [],
      services: expect.not.objectContaining(UPNP) as object
    })
    // made, and not started: nothing leaves this machine
    const both = await reachOf(loadConfig({ flags: { upnp: true, mdns: true }, env: {} }), log)
    expect(both).toMatchObject({ peerDiscovery: [expect.any(Function)], services: UPNP })
  })

  it('dials the peers of its list', async () => {
    const a = await nodes.create()
    const list = join(nodes.dir(), 'peers.txt')
    writeFileSync(list, `# where to begin\n${a.address}\n`)
    const b = await nodes.create({ 'bootstrap-list': list })
    await Promise.all([peers(a, 1), peers(b, 1)])
    expect(b.libp2p.getPeers().map(String)).toEqual([a.libp2p.peerId.toString()])
  })
})

describe('a node that was found on the local network', () => {
  it('is connected to, and nobody else who has its place', async () => {
    const log = recordedLog()
    const id = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    const openConnection = vi.fn<(addresses: Multiaddr[]) => Promise<void>>().mockResolvedValue()
    const connectionManager = { getConnections: () => [], openConnection }
    const discovery = localPeers(log)({ ...stubs(id), connectionManager } as never)
    const found = { id, multiaddrs: [multiaddr('/ip4/192.0.2.7/tcp/6001')] }
    discovery.dispatchEvent(new CustomEvent('peer', { detail: found }))
    await vi.waitFor(() => expect(log.lines).toEqual([`info mdns: connected to ${id.toString()}`]))
    expect(openConnection.mock.calls[0]![0].map(String)).toEqual([`/ip4/192.0.2.7/tcp/6001/p2p/${id.toString()}`])
  })

  it('is left alone while eight others are dialled', async () => {
    const id = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    const never = Promise.withResolvers<void>()
    const openConnection = vi.fn(async () => never.promise)
    const connectionManager = { getConnections: () => [], openConnection }
    const discovery = localPeers(recordedLog())({ ...stubs(id), connectionManager } as never)
    Array.from({ length: 20 }).forEach(() =>
      discovery.dispatchEvent(new CustomEvent('peer', { detail: { id, multiaddrs: [] } }))
    )
    expect(openConnection).toHaveBeenCalledTimes(8)
    never.resolve()
  })
})
