import { plainKey } from '@hearsay/node/dht'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { OFTEN } from '../api-client.ts'
import { acquaint, Hosts, stall } from './hosts.ts'
import { bytes, randomKey, text } from './owners.ts'
import type { Ping } from '@libp2p/ping'
import type { Host } from './hosts.ts'

vi.setConfig({ testTimeout: 60_000 })

async function connect(a: Host, b: Host): Promise<void> {
  await a.libp2p.dial(b.libp2p.getMultiaddrs())
}

describe('a node that joins', () => {
  const hosts = new Hosts()
  afterEach(async () => hosts.stop())

  it('is known to one whose first ping was lost', async () => {
    const [a, b] = [await hosts.create(), await hosts.create()]
    const ping = vi
      .spyOn(a.libp2p.services['ping'] as Ping, 'ping')
      .mockRejectedValueOnce(new Error('lost'))
      .mockRejectedValueOnce(new Error('lost'))
    await connect(a, b)
    await vi.waitFor(() => expect(a.kadDht.routingTable.size).toBe(1), { ...OFTEN, timeout: 30_000 })
    expect(ping.mock.calls.length).toBeGreaterThanOrEqual(3)
  })

  it('gets at once what waited for others, however often that was tried', async () => {
    const [a, b] = [await hosts.create(), await hosts.create()]
    const key = randomKey()
    const { storedOn } = await a.dht.put(key, bytes('waiting'), { replication: 2 })
    expect(storedOn).toEqual([a.id])
    // as after 16 attempts in a row: the next one is in a minute and more
    Array.from({ length: 16 }).forEach(() => a.storage.own.placed(plainKey(key), false))
    await connect(a, b)
    await vi.waitFor(async () => expect((await b.held()).size).toBe(1), { ...OFTEN, timeout: 30_000 })
  })

  it('finds a value though the first peer it has is silent', async () => {
    const [a, b] = (await hosts.network(2)) as [Host, Host]
    const key = randomKey()
    await a.dht.put(key, bytes('here'), { replication: 2 })
    const silent = await hosts.create()
    await stall(silent)
    // kad-dht gives a peer 5 s and more
    const late = await hosts.create({ config: { getTimeout: 4_900 } })
    await connect(late, silent)
    await vi.waitFor(() => expect(late.kadDht.routingTable.size).toBe(1), { ...OFTEN, timeout: 30_000 })
    await acquaint([a, b, late])
    expect(text(await late.dht.get(key))).toBe('here')
  })
})
