import { readFileSync } from 'node:fs'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { openRecord, ownedKey, ownerOf, plainKey, RecordRules, sealRecord } from '@hearsay/node/dht/validator'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { memory } from '@libp2p/memory'
import { ping } from '@libp2p/ping'
import { MemoryDatastore } from 'datastore-core'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { OFTEN } from '../api-client.ts'
import { randomKey } from './owners.ts'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import type { KadDHT, KadDHTInit } from '@libp2p/kad-dht'

vi.setConfig({ testTimeout: 60_000 })

type App = Libp2p<{ dht: KadDHT }>

const apps: App[] = []
afterEach(async () => {
  await Promise.all(apps.splice(0).map(async (app) => app.stop()))
})

let addresses = 0

/** Somebody's libp2p program with kad-dht, which has nothing else of ours */
async function createApp(
  privateKey: PrivateKey,
  datastore: MemoryDatastore,
  rules: Pick<KadDHTInit, 'validators' | 'selectors'>
): Promise<App> {
  const app = await createLibp2p({
    privateKey,
    datastore,
    addresses: { listen: [`/memory/plain-${process.pid}-${addresses++}`] },
    transports: [memory()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({
        protocol: '/an-app/kad/1.0.0',
        clientMode: false,
        peerInfoMapper: passthroughMapper,
        allowQueryWithZeroPeers: true,
        ...rules
      })
    }
  })
  apps.push(app)
  return app
}

const sized = ({ services }: App): number =>
  (services.dht as unknown as { routingTable: { size: number } }).routingTable.size

async function acquaint(a: App, b: App): Promise<void> {
  await vi.waitFor(
    async () => {
      if (Math.min(sized(a), sized(b)) === 0) {
        // a ping that kad-dht lost is not made again on the same connection
        await a.hangUp(b.peerId)
        await a.dial(b.getMultiaddrs())
        await new Promise((resolve) => setTimeout(resolve, 300))
      }

      expect(Math.min(sized(a), sized(b))).toBe(1)
    },
    { ...OFTEN, timeout: 40_000 }
  )
}

/** @returns whether anybody took it */
async function put({ services }: App, key: Uint8Array, value: Uint8Array): Promise<boolean> {
  try {
    let taken = 0

    for await (const event of services.dht.put(key, value)) {
      taken += event.name === 'PEER_RESPONSE' && event.messageName === 'PUT_VALUE' ? 1 : 0
    }

    return taken > 0
  } catch {
    return false
  }
}

async function got({ services }: App, key: Uint8Array): Promise<string | undefined> {
  try {
    for await (const event of services.dht.get(key)) {
      if (event.name === 'VALUE') {
        return Buffer.from(openRecord(key, event.value).envelope.payload).toString()
      }
    }
  } catch {
    // kad-dht throws when there is none
  }

  return undefined
}

describe('an app of its own with kad-dht and the validator', () => {
  it('keeps the newer value, also when it starts again, where a stock one takes the older', async () => {
    const [privateKey, otherKey] = [await generateKeyPair('Ed25519'), await generateKeyPair('Ed25519')]
    const key = ownedKey(ownerOf(privateKey.publicKey), randomKey())
    const seal = async (text: string, sequence: number): Promise<Uint8Array> =>
      sealRecord(key, Buffer.from(text), { privateKey, sequence, ttl: 600 })
    const [older, newer] = [await seal('older', 1), await seal('newer', 2)]
    const stock = { validators: { 'hearsay-owned': async () => {} }, selectors: { 'hearsay-owned': () => 0 } }
    const sender = await createApp(privateKey, new MemoryDatastore(), stock)

    for (const isOurs of [false, true]) {
      const datastore = new MemoryDatastore()
      const rules = async (): Promise<typeof stock | RecordRules> => (isOurs ? RecordRules.open({ datastore }) : stock)
      let holder = await createApp(otherKey, datastore, await rules())
      await acquaint(sender, holder)
      expect([await put(sender, key, newer), await got(holder, key)]).toEqual([true, 'newer'])
      expect([await put(sender, key, older), await holdsNewer(datastore, key)]).toEqual([!isOurs, isOurs])
      await put(sender, key, newer)
      await holder.stop()
      holder = await createApp(otherKey, datastore, await rules())
      await acquaint(sender, holder)
      expect([await put(sender, key, older), await holdsNewer(datastore, key)]).toEqual([!isOurs, isOurs])
      await holder.stop()
    }
  })

  it('takes for an owned key what its owner signed, and nothing else', async () => {
    const [owner, thief] = [await generateKeyPair('Ed25519'), await generateKeyPair('Ed25519')]
    const { validators } = await RecordRules.open({ datastore: new MemoryDatastore() })
    const key = ownedKey(ownerOf(owner.publicKey), randomKey())
    const stolen = await sealRecord(key, Buffer.from('mine now'), { privateKey: thief, sequence: 9 })
    const own = await sealRecord(key, Buffer.from('mine'), { privateKey: owner, sequence: 1 })
    await expect(validators['hearsay-owned']!(key, stolen)).rejects.toThrow()
    await expect(validators['hearsay-owned']!(key, own)).resolves.toBeUndefined()
  })

  it.each([
    ['sequence', { sequence: -1 }],
    ['ttl', { sequence: 1, ttl: 65_536 }],
    ['replication', { sequence: 1, replication: 21 }],
    ['value', { sequence: 1 }]
  ])('seals no value whose %s is out of range', async (name, options) => {
    const privateKey = await generateKeyPair('Ed25519')
    const value = new Uint8Array(name === 'value' ? 65_496 : 1)
    await expect(sealRecord(plainKey(randomKey()), value, { privateKey, ...options })).rejects.toThrow(
      expect.objectContaining({ name: 'InvalidParametersError', message: expect.stringContaining(name) as string })
    )
  })

  it('needs neither SQLite nor a node for it', () => {
    const seen = new Set<string>()
    const visit = (file: URL): void => {
      for (const [, from] of readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type).* from '([^']+)'/gm)) {
        const isNew = !seen.has(from!)
        seen.add(from!)

        if (isNew && from!.startsWith('.')) {
          visit(new URL(from!, file))
        }
      }
    }
    visit(new URL('../../src/dht/validator.ts', import.meta.url))
    expect([...seen].filter((from) => from.includes('sqlite') || from === 'libp2p' || from.startsWith('../'))).toEqual(
      []
    )
    expect(seen.size).toBeGreaterThan(8)
  })
})

/** What its store has, as it came */
async function holdsNewer(datastore: MemoryDatastore, key: Uint8Array): Promise<boolean> {
  for await (const { value } of datastore.query({ prefix: '/dht/record/' })) {
    if (Buffer.from(value).includes(Buffer.from(key)) && Buffer.from(value).includes('newer')) {
      return true
    }
  }

  return false
}
