import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNode, loadConfig } from '@hearsay/node'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { createLibp2p } from 'libp2p'
import { hostOptions } from './hosts.ts'
import { summarise, takeTurns, until } from './rounds.ts'
import type { HearsayNode } from '@hearsay/node'
import type { KadDHT } from '@libp2p/kad-dht'
import type { Libp2p } from '@libp2p/interface'
import type { Comparison } from './comparison.ts'
import type { Context } from './part.ts'
import type { Trial } from './rounds.ts'

const NODES = 20
/** In a routing table; of more, walks find the rest */
const ENOUGH = 15
const VALUE_BYTES = 1_024
/** In each round, of each kind */
const OPERATIONS = 5
const TTL = 600
/** In ms */
const PATIENCE = 60_000
const SUCCESS = 652

interface Network {
  /** @returns how many copies were placed */
  put(from: number, key: Uint8Array, value: Uint8Array): Promise<number>
  get(at: number, key: Uint8Array): Promise<Uint8Array>
}

interface Times {
  put: number
  get: number
  /** The fewest that were placed */
  copies: number
}

/**
 * P9: values put by one node and looked up by another, one after the other. Ours are asked for over the API; a PUT of
 * the API is never answered, so it is timed where the API hands it over. Plain kad-dht has no number of copies: it
 * places twenty.
 */
export async function benchDht(context: Context): Promise<Comparison[]> {
  const folder = mkdtempSync(join(tmpdir(), 'hearsay-bench-'))
  const [plain, nodes] = [await plainHosts(), await hearsayNodes(folder)]

  try {
    const networks: [string, Network][] = [
      ['kad-dht', plainNetwork(plain)],
      ['hearsay, replication 20', hearsayNetwork(nodes, 20)],
      ['hearsay, replication 3', hearsayNetwork(nodes, 3)]
    ]
    const results = await takeTurns(
      networks.map(([name, network]) => trial(name, network)),
      context.rounds
    )
    const names = networks.map(([name]) => name)
    return compare(context, names, results)
  } finally {
    await Promise.all([...plain.map(async (host) => host.stop()), ...nodes.map(async (node) => node.stop())])
    rmSync(folder, { recursive: true, force: true })
  }
}

function compare(context: Context, names: readonly string[], results: readonly Times[][]): Comparison[] {
  const median = (which: number, metric: keyof Times): number =>
    summarise(results[which]!.map((each) => each[metric])).median

  for (const metric of ['put', 'get'] as const) {
    context.figure(
      'ms',
      ...names.map((name, i) => ({
        name: `${metric.toUpperCase()}, ${name}`,
        ...summarise(results[i]!.map((each) => each[metric]))
      }))
    )
  }

  const copies = names.map((name, i): Comparison => {
    const fewest = Math.min(...results[i]!.map((each) => each.copies))
    context.print(`  copies placed, ${name}: at least ${fewest}`)
    return { what: `copies placed, ${name}`, ratio: fewest, target: [20, 20, 3][i]!, unit: 'copies' }
  })
  const times = (['put', 'get'] as const).flatMap((metric) =>
    [1.5, 1].map((target, i) => ({
      what: `time of a ${metric.toUpperCase()}, ${names[i + 1]}, by plain kad-dht`,
      ratio: median(i + 1, metric) / median(0, metric),
      target,
      sense: 'at most' as const
    }))
  )
  return [...times, ...copies.slice(1)]
}

/** Each round, the median of some values, each put by one node and asked for by another */
function trial(name: string, network: Network): Trial<Times> {
  let turn = 0
  return {
    name,
    run: async () => {
      const [puts, gets]: [number[], number[]] = [[], []]
      let copies = Infinity

      for (let i = 0; i < OPERATIONS; i++) {
        const [from, to] = [turn % NODES, (turn + NODES / 2) % NODES]
        const [key, value] = [randomBytes(32), randomBytes(VALUE_BYTES)]
        turn++
        puts.push(await timed(async () => (copies = Math.min(copies, await network.put(from, key, value)))))
        gets.push(
          await timed(async () => {
            if (Buffer.compare(await network.get(to, key), value) !== 0) {
              throw new Error(`${name} found another value`)
            }
          })
        )
      }

      return { put: summarise(puts).median, get: summarise(gets).median, copies }
    }
  }
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}

/** kad-dht 16 has it, its interface has not */
type WithTable = KadDHT & { routingTable: { size: number } }
type DhtHost = Libp2p<{ dht: KadDHT }>

/** As it comes, but for what it needs to know of peers on loopback */
async function plainHosts(): Promise<DhtHost[]> {
  const hosts = await Promise.all(
    Array.from({ length: NODES }, async () =>
      createLibp2p({
        ...hostOptions(),
        services: {
          identify: identify(),
          ping: ping(),
          dht: kadDHT({
            protocol: '/hearsay/benchmark/kad/1.0.0',
            clientMode: false,
            peerInfoMapper: passthroughMapper,
            initialQuerySelfInterval: 50,
            validators: { benchmark: async () => {} },
            selectors: { benchmark: () => 0 }
          })
        }
      })
    )
  )
  await acquaint(hosts)
  return hosts
}

function plainNetwork(hosts: readonly DhtHost[]): Network {
  const named = (key: Uint8Array): Uint8Array => Buffer.from(`/benchmark/${Buffer.from(key).toString('hex')}`)

  return {
    put: async (from, key, value) => {
      // its own
      let copies = 1

      for await (const event of hosts[from]!.services.dht.put(named(key), value)) {
        copies += event.name === 'PEER_RESPONSE' && event.messageName === 'PUT_VALUE' ? 1 : 0
      }

      return copies
    },
    get: async (at, key) => {
      for await (const event of hosts[at]!.services.dht.get(named(key))) {
        if (event.name === 'VALUE') {
          return event.value
        }
      }

      throw new Error('kad-dht did not find a value')
    }
  }
}

async function hearsayNodes(folder: string): Promise<HearsayNode[]> {
  const silent = { info: () => {}, warn: () => {}, error: () => {} }
  const nodes = await Promise.all(
    Array.from({ length: NODES }, async (_, i) => {
      const flags = {
        listen: ['/ip4/127.0.0.1/tcp/0'],
        'gossip-api': '127.0.0.1:0',
        'dht-api': '127.0.0.1:0',
        gossip: false,
        cup2py: false,
        shout: false,
        'difficulty-bits': 0,
        'data-dir': join(folder, String(i))
      }
      return createNode(loadConfig({ flags, env: {} }), silent)
    })
  )
  await acquaint(nodes.map(({ libp2p }) => libp2p as unknown as DhtHost))
  return nodes
}

function hearsayNetwork(nodes: readonly HearsayNode[], replication: number): Network {
  return {
    put: async (from, key, value) => {
      return (await nodes[from]!.dht!.put(key, value, { ttl: TTL, replication })).storedOn.length
    },
    get: async (at, key) => askApi(nodes[at]!.dhtApi!, key)
  }
}

/** Over a connection of its own: 651 with the key out, 652 with key and value back */
async function askApi({ host, port }: NonNullable<HearsayNode['dhtApi']>, key: Uint8Array): Promise<Uint8Array> {
  const socket = connect(port, host)
  const request = Buffer.alloc(4 + key.byteLength)
  request.writeUInt16BE(request.byteLength, 0)
  request.writeUInt16BE(651, 2)
  request.set(key, 4)
  socket.write(request)
  let answer = Buffer.alloc(0)

  for await (const chunk of socket) {
    answer = Buffer.concat([answer, chunk as Buffer])

    if (answer.byteLength >= 4 && answer.byteLength >= answer.readUInt16BE(0)) {
      break
    }
  }

  socket.destroy()

  if (answer.readUInt16BE(2) !== SUCCESS) {
    throw new Error('the DHT API did not find a value')
  }

  return answer.subarray(4 + key.byteLength)
}

/** Connects all to all, and waits until all know enough of them */
async function acquaint(hosts: readonly Libp2p<{ dht: KadDHT }>[]): Promise<void> {
  for (const [i, host] of hosts.entries()) {
    await Promise.all(hosts.slice(0, i).map(async (other) => host.dial(other.getMultiaddrs())))
  }

  await until(
    'hosts that know each other',
    () => hosts.every(({ services }) => (services.dht as WithTable).routingTable.size >= ENOUGH),
    PATIENCE
  )
}
