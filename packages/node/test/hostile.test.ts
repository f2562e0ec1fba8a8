/** What strangers do to a node, as a process of its own: its memory is asked of itself. */
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { KAD_PROTOCOL } from '@hearsay/node/dht'
import { PROTOCOL } from '@hearsay/protocol-gossip'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterAll, afterEach, expect, it, vi } from 'vitest'
import { hostPort } from '../src/config/kinds.ts'
import { ApiClient, notifyFrame, OFTEN, validationFrame } from './api-client.ts'
import { Nodes, peers } from './nodes.ts'
import { Shell } from './shell.ts'
import type { Libp2p, Stream } from '@libp2p/interface'
import type { RunningNode } from './shell.ts'

/** HOSTILE_CONNECTIONS sets how many; the first ones bring in code, pools and tables, which stay */
const CONNECTIONS = Number(process.env['HOSTILE_CONNECTIONS'] ?? 16)
const WARM_UP = 4
const STREAMS = 32
/** In s */
const CHALLENGE_TIMEOUT = 10
const MIB = 2 ** 20
/** So that what is counted is held, and not about to be collected */
const SMALL_YOUNG_SPACE = { NODE_OPTIONS: '--max-semi-space-size=2' }

vi.setConfig({ testTimeout: 240_000 })

const shell = new Shell()
const nodes = new Nodes()
const ends: (() => Promise<void> | void)[] = []
afterEach(async () => {
  await Promise.all(ends.splice(0).map(async (end) => end()))
  await nodes.stop()
})
afterAll(async () => shell.end())

async function memoryOf({ dataDir }: RunningNode): Promise<number> {
  return (await shell.json<{ memoryBytes: number }>('status', '--data-dir', dataDir)).memoryBytes / MIB
}

async function createStranger(): Promise<Libp2p> {
  const stranger = await createLibp2p({
    addresses: { listen: [] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false }
  })
  ends.push(async () => stranger.stop())
  return stranger
}

/** A connection with so many streams of a protocol, which say nothing but a first byte */
async function open(stranger: Libp2p, address: string, protocol: string): Promise<Stream[]> {
  const options = { maxOutboundStreams: STREAMS }
  const connection = await stranger.dial(multiaddr(address))
  const first = await connection.newStream(protocol, options)
  const more = await Promise.allSettled(
    Array.from({ length: STREAMS - 1 }, async () => connection.newStream(protocol, options))
  )
  return [first, ...more.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))]
}

const isOpen = ({ status }: Stream): boolean => status === 'open'

it(`of ${CONNECTIONS} connections with ${STREAMS} streams each, a stream a peer survives, until the challenge times out (T4)`, async () => {
  const node = await shell.nodeWith(SMALL_YOUNG_SPACE, '--challenge-timeout', String(CHALLENGE_TIMEOUT))
  const survivors: Stream[] = []
  let before = 0

  for (let i = 0; i < CONNECTIONS; i++) {
    const stranger = await createStranger()
    const streams = await open(stranger, node.listen[0]!, PROTOCOL)
    await vi.waitFor(() => expect(streams.filter(isOpen)).toEqual([streams[0]]), OFTEN)
    streams[0]!.send(Uint8Array.of(0))
    survivors.push(streams[0]!)
    before = i === WARM_UP ? await memoryOf(node) : before
  }

  // one of the DHT may have its 32, which it leaves when nothing is said for 10 s
  const others = await open(await createStranger(), node.listen[0]!, KAD_PROTOCOL)
  expect(others.length).toBeLessThanOrEqual(STREAMS)
  expect((await memoryOf(node)) - before).toBeLessThanOrEqual(32)
  await vi.waitFor(() => expect([...survivors, ...others].filter(isOpen)).toEqual([]), { ...OFTEN, timeout: 90_000 })
})

const HONEST = 100
const FLOOD_FACTOR = 10

it('a flood of ten times the load keeps no honest announce from its way, and fits in memory (T5)', async () => {
  const node = await shell.nodeWith(SMALL_YOUNG_SPACE)
  const api = await ApiClient.connect(hostPort.parse(node.gossipApi)!)
  ends.push(() => api.close())
  api.send(notifyFrame(1))
  void validateAll(api)
  const all = await Promise.all([1, 2, 3].map(async () => nodes.create({ peer: [node.listen[0]] })))
  await Promise.all(all.map(async (each) => peers(each, 1)))
  const [flooder, honest, receiver] = all.map(({ libp2p }) => libp2p.services.gossip)
  const heard = new Set<string>()
  receiver!.subscribe(1, () => true)
  receiver!.addEventListener('message', ({ detail }) => void heard.add(Buffer.from(detail.data).toString().trim()))
  // until the node passes on what it has not subscribed to yet
  await vi.waitFor(() => {
    honest!.announce(1, Buffer.from('first'))
    expect(heard).toContain('first')
  }, OFTEN)
  const before = await memoryOf(node)

  for (let i = 0; i < HONEST; i++) {
    Array.from({ length: FLOOD_FACTOR }, (_, j) => flooder!.announce(1, Buffer.alloc(1_000, `flood ${i} ${j} `)))
    honest!.announce(1, Buffer.from(`honest ${i}`.padEnd(1_000)))
    await new Promise(setImmediate)
  }

  const arrived = (): number => [...heard].filter((text) => text.startsWith('honest')).length
  await vi.waitFor(() => expect(arrived()).toBeGreaterThanOrEqual(0.99 * HONEST), { ...OFTEN, timeout: 60_000 })
  expect((await memoryOf(node)) - before).toBeLessThanOrEqual(64)
})

/** Whatever it is told of is valid */
async function validateAll(client: ApiClient): Promise<void> {
  try {
    for (;;) {
      client.send(validationFrame((await client.notification()).messageId, 1))
    }
  } catch {
    // the test is over
  }
}
