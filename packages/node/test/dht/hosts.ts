import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { Dht, dhtDefaults, KAD_PROTOCOL, KAD_TUNING, openDhtStorage } from '@hearsay/node/dht'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper, Record } from '@libp2p/kad-dht'
import { memory } from '@libp2p/memory'
import { ping } from '@libp2p/ping'
import { createLibp2p } from 'libp2p'
import { vi } from 'vitest'
import type { DhtConfig, DhtStorage } from '@hearsay/node/dht'
import type { Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'

/** In ms: twenty hosts on two busy processors take a while to find each other */
const JOIN_PATIENCE = 90_000

export interface HostInit {
  /** Of an earlier host, to be it again. @default a new one */
  dir?: string
  privateKey?: PrivateKey
  config?: Partial<DhtConfig>
  /** What it makes of records; what hearsay does unless told otherwise */
  validate?: (key: Uint8Array, value: Uint8Array) => void | Promise<void>
}

/** kad-dht 16 has it, its interface has not */
type WithTable = KadDHT & { routingTable: { size: number } }

export class Host {
  readonly libp2p: Libp2p
  readonly kadDht: WithTable
  readonly dht: Dht
  readonly storage: DhtStorage
  readonly dir: string
  readonly privateKey: PrivateKey

  constructor(init: Pick<Host, 'libp2p' | 'kadDht' | 'dht' | 'storage' | 'dir' | 'privateKey'>) {
    this.libp2p = init.libp2p
    this.kadDht = init.kadDht
    this.dht = init.dht
    this.storage = init.storage
    this.dir = init.dir
    this.privateKey = init.privateKey
  }

  get id(): string {
    return this.libp2p.peerId.toString()
  }

  /** The values in its datastore, whatever state they are in, by record key */
  async held(): Promise<Map<string, Uint8Array>> {
    const held = new Map<string, Uint8Array>()

    for await (const { value } of this.storage.datastore.query({ prefix: '/dht/record/' })) {
      const record = Record.deserialize(value)
      held.set(new TextDecoder().decode(record.key), record.value)
    }

    return held
  }

  async stop(): Promise<void> {
    this.dht.stop()
    await this.libp2p.stop()
    this.storage.close()
  }
}

let addresses = 0

/** Hosts with nothing but the DHT, in the memory of this process, and their directories. */
export class Hosts {
  readonly all: Host[] = []
  private readonly dirs: string[] = []

  async create(init: HostInit = {}): Promise<Host> {
    const dir = init.dir ?? this.newDir()
    const privateKey = init.privateKey ?? (await generateKeyPair('Ed25519'))
    const storage = await openDhtStorage(dir, { ...dhtDefaults, ...init.config })
    const { rules, datastore } = storage
    const validate = init.validate ?? rules.validators['hearsay']!
    const libp2p = await createLibp2p({
      privateKey,
      datastore,
      addresses: { listen: [`/memory/dht-${process.pid}-${addresses++}`] },
      transports: [memory()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false },
      services: {
        identify: identify(),
        ping: ping(),
        dht: kadDHT({
          ...KAD_TUNING,
          protocol: KAD_PROTOCOL,
          clientMode: false,
          peerInfoMapper: passthroughMapper,
          validators: { hearsay: validate, 'hearsay-owned': validate },
          selectors: rules.selectors
        })
      }
    })
    const kadDht = libp2p.services.dht as WithTable
    const dht = new Dht({ libp2p, kadDht, storage, privateKey }, init.config)
    dht.start()
    const host = new Host({ libp2p, kadDht, dht, storage, dir, privateKey })
    this.all.push(host)
    return host
  }

  /** So many, acquainted with each other */
  async network(count: number, init: HostInit = {}): Promise<Host[]> {
    const hosts: Host[] = []

    for (let i = 0; i < count; i++) {
      hosts.push(await this.create(init))
    }

    await acquaint(hosts)
    return hosts
  }

  newDir(): string {
    const dir = mkdtempSync(join(tmpdir(), 'hearsay-dht-test-'))
    this.dirs.push(dir)
    return dir
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.splice(0).map(async (host) => host.stop()))
    this.dirs.splice(0).forEach((dir) => rmSync(dir, { recursive: true, force: true }))
  }
}

/** In a routing table; of more, walks find the rest */
const ENOUGH = 15

/** Who has a value for a key in its datastore, expired or not */
export async function holders(hosts: readonly Host[], recordKey: Uint8Array): Promise<string[]> {
  const name = new TextDecoder().decode(recordKey)
  const held = await Promise.all(hosts.map(async (host) => (await host.held()).has(name)))
  return hosts.filter((_, i) => held[i]).map(({ id }) => id)
}

/** By their XOR distance from a key, as Kademlia has it */
export function nearest(hosts: readonly Host[], recordKey: Uint8Array): Host[] {
  const place = (bytes: Uint8Array): bigint => BigInt(`0x${createHash('sha256').update(bytes).digest('hex')}`)
  const target = place(recordKey)
  const distance = ({ libp2p }: Host): bigint => place(libp2p.peerId.toMultihash().bytes) ^ target
  return hosts.toSorted((a, b) => (distance(a) < distance(b) ? -1 : 1))
}

/** Connects all to all, and waits until all know enough of them */
export async function acquaint(hosts: readonly Host[]): Promise<void> {
  for (const [i, host] of hosts.entries()) {
    await Promise.all(hosts.slice(0, i).map(async (other) => host.libp2p.dial(other.libp2p.getMultiaddrs())))
  }

  await vi.waitFor(
    () => {
      const sizes = hosts.map(({ kadDht }) => kadDht.routingTable.size)

      if (sizes.some((size) => size < Math.min(hosts.length - 1, ENOUGH))) {
        throw new Error(`not all ${hosts.length} hosts know enough others: ${sizes.join()}`)
      }
    },
    { timeout: JOIN_PATIENCE, interval: 50 }
  )
}

/** Answers nothing to whatever kad-dht asks of this host */
export async function stall({ libp2p }: Host): Promise<void> {
  await libp2p.unhandle(KAD_PROTOCOL)
  await libp2p.handle(KAD_PROTOCOL, (stream: Stream) => {
    stream.addEventListener('message', () => {})
  })
}
