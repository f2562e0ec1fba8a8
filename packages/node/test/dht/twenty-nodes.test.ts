import { setTimeout as wait } from 'node:timers/promises'
import { decodeEnvelope, plainKey } from '@hearsay/node/dht'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { holders, Hosts, nearest } from './hosts.ts'
import { bytes, randomKey, text } from './owners.ts'
import type { Host } from './hosts.ts'

vi.setConfig({ testTimeout: 60_000 })

/** All twenty share one process, and perhaps a busy machine */
const PATIENT = { getTimeout: 60_000, putTimeout: 60_000, peerTimeout: 20_000, settleTime: 10_000, quietTime: 10_000 }

describe('twenty nodes', () => {
  const hosts = new Hosts()
  let all: Host[] = []
  beforeAll(async () => {
    all = await hosts.network(20, { config: PATIENT })
  }, 120_000)
  afterAll(async () => hosts.stop())

  it('hold exactly three verified copies of what was put for 5 s, and none after 7 s', async () => {
    const key = randomKey()
    const began = Date.now()
    const receipt = await all[0]!.dht.put(key, bytes('short-lived'), { ttl: 5, replication: 3 })
    expect(receipt).toMatchObject({ ttl: 5, replication: 3 })
    expect(receipt.expiresAt - began).toBeGreaterThanOrEqual(5_000)
    expect(receipt.expiresAt - began).toBeLessThan(6_000)
    expect(receipt.verifiedOn).toHaveLength(3)
    expect(receipt.storedOn).toEqual(receipt.verifiedOn)
    expect((await holders(all, plainKey(key))).toSorted()).toEqual(receipt.storedOn.toSorted())
    expect(text(await all[10]!.dht.get(key))).toBe('short-lived')

    // a refresh at half-life finds the same three
    await wait(Math.max(receipt.expiresAt - 1_000 - Date.now(), 0))
    expect(await holders(all, plainKey(key))).toHaveLength(3)
    await wait(receipt.expiresAt + 1_000 - Date.now())
    expect(await holders(all, plainKey(key))).toEqual([])
    expect(await all[10]!.dht.get(key)).toBeUndefined()
    expect(await all[0]!.storage.own.get(plainKey(key))).toBeUndefined()
  })

  it.each([1, 7, 20])('hold exactly %i copies when asked to', async (replication) => {
    const key = randomKey()
    const { verifiedOn } = await all[3]!.dht.put(key, bytes('many'), { replication })
    expect(verifiedOn).toHaveLength(replication)
    expect(await holders(all, plainKey(key))).toHaveLength(replication)
  })

  it('hold no more copies than there may be', async () => {
    const { replication, ttl } = await all[3]!.dht.put(randomKey(), bytes('x'), { replication: 255, ttl: 1e6 })
    expect([replication, ttl]).toEqual([20, 65_535])
  })

  it('put the copies on the nodes closest to the key', async () => {
    const key = randomKey()
    const { storedOn } = await all[7]!.dht.put(key, bytes('near'))
    expect(storedOn).toEqual(
      nearest(all, plainKey(key))
        .slice(0, 3)
        .map(({ id }) => id)
    )
  })

  it('find what the others put, however many ask at once', async () => {
    const key = randomKey()
    await all[1]!.dht.put(key, bytes('popular'))
    const answers = await Promise.all(Array.from({ length: 40 }, async (_, i) => text(await all[i % 20]!.dht.get(key))))
    expect(answers).toEqual(answers.map(() => 'popular'))
  })

  it('find what was put last, and hold nothing older', async () => {
    const key = randomKey()

    for (const [i, host] of [all[2]!, all[9]!, all[2]!].entries()) {
      await host.dht.put(key, bytes(`value ${i}`))
    }

    expect(text(await all[15]!.dht.get(key))).toBe('value 2')
    const values = await Promise.all(all.map(async (host) => (await host.held()).get(text(plainKey(key))!)))
    expect(values.filter((value) => value !== undefined).map((value) => text(decodeEnvelope(value).payload))).toEqual([
      'value 2',
      'value 2',
      'value 2'
    ])
  })

  it('find nothing under a key that nobody put, soon', async () => {
    const began = performance.now()
    expect([await all[4]!.dht.get(randomKey()), await all[4]!.dht.getAll(randomKey())]).toEqual([undefined, []])
    expect(performance.now() - began).toBeLessThan(30_000)
  })

  it('keep an owned key for its owner', async () => {
    const [owner, thief] = [all[5]!, all[6]!]
    const key = randomKey()
    await owner.dht.put(key, bytes('mine'), { owned: true })
    // the same key of another owner is another key
    await thief.dht.put(key, bytes('stolen'), { owned: true })
    const { publicKey } = owner.privateKey
    expect(text(await all[12]!.dht.get(key, { owner: publicKey }))).toBe('mine')
    expect(text(await owner.dht.get(key, { owned: true }))).toBe('mine')
    expect(await all[12]!.dht.get(key)).toBeUndefined()
  })

  it('tell all values that a walk saw, the one that wins first', async () => {
    const key = randomKey()
    await all[8]!.dht.put(key, bytes('one value'), { ttl: 77, replication: 2 })
    const [value, ...others] = await all[9]!.dht.getAll(key)
    expect(others).toEqual([])
    expect(value).toMatchObject({ isOwned: false, replication: 2 })
    expect(text(value!.value)).toBe('one value')
    expect(value!.expiresAt - value!.issuedAt).toBe(77_000)
  })

  it('still find a value when a node that has it leaves', async () => {
    const key = randomKey()
    const { storedOn } = await all[0]!.dht.put(key, bytes('still here'), { replication: 3 })
    const leaving = all.find(({ id }) => id === storedOn[0])!
    all = all.filter((host) => host !== leaving)
    await leaving.stop()

    for (const host of all.slice(0, 5)) {
      expect(text(await host.dht.get(key))).toBe('still here')
    }
  })

  it('still find a value when the node that put it leaves', async () => {
    const key = randomKey()
    const [leaving, ...rest] = all
    await leaving!.dht.put(key, bytes('left behind'), { replication: 3 })
    all = rest
    await leaving!.stop()
    expect(text(await all[5]!.dht.get(key))).toBe('left behind')
  })
})
