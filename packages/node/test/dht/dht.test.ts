import { setTimeout as wait } from 'node:timers/promises'
import { decodeEnvelope, plainKey } from '@hearsay/node/dht'
import { Record } from '@libp2p/kad-dht'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Kad } from '../../src/dht/kad.ts'
import { recordRow } from '../../src/dht/record-store.ts'
import { OFTEN } from '../api-client.ts'
import { acquaint, holders, Hosts, nearest, stall } from './hosts.ts'
import { bytes, Owner, randomKey, text } from './owners.ts'
import type { Host } from './hosts.ts'

vi.setConfig({ testTimeout: 60_000 })

/** PUT_VALUE as any peer can send it. @returns whether it was taken */
async function send(from: Host, to: Host, key: Uint8Array, value: Uint8Array): Promise<boolean> {
  return new Kad(from.libp2p, from.kadDht).store(to.id, key, value, AbortSignal.timeout(20_000))
}

describe('nodes', () => {
  const hosts = new Hosts()
  afterEach(async () => hosts.stop())

  it('that are alone keep what they put, and find nothing else at once', async () => {
    const host = await hosts.create()
    const key = randomKey()
    const began = performance.now()
    expect(await host.dht.put(key, bytes('alone'))).toMatchObject({ storedOn: [host.id], verifiedOn: [host.id] })
    expect([text(await host.dht.get(key)), await host.dht.get(randomKey())]).toEqual(['alone', undefined])
    expect(performance.now() - began).toBeLessThan(9_000)
  })

  it('make the copies that are missing when others come, and drop the one too many', async () => {
    const first = await hosts.create()
    const others = [await hosts.create(), await hosts.create(), await hosts.create()]
    const isLast = (key: Uint8Array): boolean => nearest(hosts.all, plainKey(key))[3] === first
    const key = Array.from({ length: 100 }, randomKey).find(isLast)!
    await first.dht.put(key, bytes('waiting'), { replication: 2 })
    // not while it knows some of them only
    first.storage.own.stop()
    await acquaint([first, ...others])
    first.dht.start()
    const expected = nearest(hosts.all, plainKey(key)).slice(0, 2)
    await vi.waitFor(
      async () => {
        const now = await holders(hosts.all, plainKey(key))
        expect(now.toSorted()).toEqual(expected.map(({ id }) => id).toSorted())
      },
      { ...OFTEN, timeout: 30_000 }
    )
  })

  it('read what they put just before', async () => {
    const [a] = await hosts.network(3)
    const key = randomKey()
    const put = a!.dht.put(key, bytes('just now'))
    expect(text(await a!.dht.get(key))).toBe('just now')
    await put
  })

  it('put values of one key in the order they were asked to', async () => {
    const [a, b] = await hosts.network(3)
    const key = randomKey()
    const receipts = await Promise.all([1, 2, 3, 4].map(async (i) => a!.dht.put(key, bytes(`${i}`))))
    const sequences = receipts.map(({ sequence }) => sequence)
    expect(sequences).toEqual(sequences.toSorted((x, y) => x - y))
    expect(new Set(sequences).size).toBe(4)
    expect(text(await b!.dht.get(key))).toBe('4')
  })

  it('give no sequence twice, also over a restart and a clock set back', async () => {
    const host = await hosts.create()
    const key = randomKey()
    const before = await host.dht.put(key, bytes('before'), { owned: true })
    await host.stop()
    const again = await hosts.create({ dir: host.dir, privateKey: host.privateKey })
    const now = vi.spyOn(Date, 'now').mockReturnValue(before.sequence - 20_000)

    try {
      const after = await again.dht.put(key, bytes('after'), { owned: true })
      expect(after.sequence).toBe(before.sequence + 1)
      expect(text(await again.dht.get(key, { owned: true }))).toBe('after')
    } finally {
      now.mockRestore()
    }
  })

  it('place a value again at its half-life, on the nodes that are closest then', async () => {
    const [a, b] = await hosts.network(2)
    const key = randomKey()
    const { expiresAt } = await a!.dht.put(key, bytes('moving'), { ttl: 12, replication: 2 })
    await b!.stop()
    const c = await hosts.create()
    await acquaint([a!, c])
    await vi.waitFor(async () => expect(await holders([c], plainKey(key))).toEqual([c.id]), {
      ...OFTEN,
      timeout: 30_000
    })
    const [held] = (await c.held()).values()
    // the same envelope: it lives no longer than it would have
    expect(decodeEnvelope(held!).expiresAt).toBe(expiresAt)
  })

  it('do not place a value again that another has taken the place of', async () => {
    const [a, b] = await hosts.network(3)
    const key = randomKey()
    await a!.dht.put(key, bytes('old'), { ttl: 6 })
    await b!.dht.put(key, bytes('new'), { ttl: 60 })
    await vi.waitFor(async () => expect(await a!.storage.own.get(plainKey(key))).toBeUndefined(), {
      ...OFTEN,
      timeout: 5_900
    })
    expect(text(await a!.dht.get(key))).toBe('new')
  })

  it.each([
    ['a key of 31 bytes', new Uint8Array(31), bytes('x'), {}, /^key must be 32 bytes/],
    ['an empty value', randomKey(), bytes(''), {}, /^value must have 1 to 65495 bytes/],
    ['a value that is too long', randomKey(), new Uint8Array(65_496), {}, /^value must have 1 to 65495 bytes/],
    ['half a second', randomKey(), bytes('x'), { ttl: 0.5 }, /^ttl must be an integer/],
    ['less than no copies', randomKey(), bytes('x'), { replication: -1 }, /^replication must be an integer/]
  ])('do not put %s', async (_name, key, value, options, message) => {
    const host = await hosts.create()
    await expect(host.dht.put(key, value, options)).rejects.toThrow(
      expect.objectContaining({ name: 'InvalidParametersError', message: expect.stringMatching(message) as string })
    )
  })

  it('take the largest value there is', async () => {
    const [a, b] = await hosts.network(3)
    const key = randomKey()
    const value = new Uint8Array(65_495).map((_, i) => i)
    expect((await a!.dht.put(key, value)).verifiedOn).toHaveLength(3)
    expect(await b!.dht.get(key)).toEqual(value)
  })

  it('take at most 1,024 puts and gets at a time', async () => {
    const host = await hosts.create()
    const results = await Promise.allSettled(Array.from({ length: 1_100 }, async () => host.dht.get(randomKey())))
    const refused = results.filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(76)
    expect(refused[0]).toMatchObject({ reason: { name: 'BusyError' } })
    expect(await host.dht.get(randomKey())).toBeUndefined()
  })

  it('end what is under way when they stop', async () => {
    const [a, b] = await hosts.network(2, { config: { getTimeout: 60_000 } })
    await stall(b!)
    const got = a!.dht.get(randomKey())
    await a!.stop()
    expect(await got).toBeUndefined()
  })
})

describe('a bad peer', () => {
  const hosts = new Hosts()
  const refuse = (): void => {
    throw new Error('no')
  }
  afterEach(async () => hosts.stop())

  /** Puts a record into a host's datastore, past its rules */
  async function plant(host: Host, key: Uint8Array, value: Uint8Array): Promise<void> {
    await host.storage.datastore.put(recordRow(key), new Record(key, value, new Date()).serialize().slice())
  }

  it('that refuses to store is passed over for the next', async () => {
    const [a, b, c] = await hosts.network(3)
    const bad = await hosts.create({ validate: refuse })
    await acquaint([a!, b!, c!, bad])
    const key = randomKey()
    const { verifiedOn } = await a!.dht.put(key, bytes('willing'), { replication: 3 })
    expect(verifiedOn.toSorted()).toEqual([a!.id, b!.id, c!.id].toSorted())
  })

  it('that says it stored and did not is not counted', async () => {
    const [a, b] = await hosts.network(2)
    const liar = await hosts.create({ validate: () => {} })
    vi.spyOn(liar.storage.records, 'put').mockImplementation(async (key) => key)
    await acquaint([a!, b!, liar])
    const key = randomKey()
    const receipt = await a!.dht.put(key, bytes('for real'), { replication: 3 })
    expect(receipt.storedOn).toContain(liar.id)
    expect(receipt.verifiedOn.toSorted()).toEqual([a!.id, b!.id].toSorted())
  })

  it('that serves an older value, and takes no correction, does not keep others from the newer one', async () => {
    const [a, b] = await hosts.network(2)
    const key = randomKey()
    const recordKey = plainKey(key)
    await a!.dht.put(key, bytes('newer'), { replication: 2 })
    const bad = await hosts.create({ validate: refuse })
    await plant(bad, recordKey, await (await Owner.create()).seal(recordKey, { issuedAt: Date.now() - 1_000 }))
    // without floors it cannot tell that one of them is old
    const reader = await hosts.create({ validate: () => {} })
    await acquaint([a!, b!, bad, reader])
    // kad-dht by itself has no answer at all
    await expect(
      (async () => {
        for await (const event of reader.kadDht.get(recordKey)) {
          expect(event.name).not.toBe('VALUE')
        }
      })()
    ).rejects.toThrow('Could not send correction')
    expect(text(await reader.dht.get(key))).toBe('newer')
  })

  it('that answers with rubbish is not heard', async () => {
    const [a, b] = await hosts.network(2)
    const bad = await hosts.create()
    const key = randomKey()
    await acquaint([a!, b!, bad])
    await a!.dht.put(key, bytes('truth'), { replication: 3 })
    vi.spyOn(bad.storage.records, 'get').mockResolvedValue(
      new Record(plainKey(key), bytes('rubbish'), new Date()).serialize().slice()
    )
    expect(text(await b!.dht.get(key))).toBe('truth')
  })

  it('that never answers delays a get that finds something by a second, and no get for ever', async () => {
    const [a, b] = await hosts.network(3, { config: { getTimeout: 3_000, putTimeout: 5_000, peerTimeout: 1_000 } })
    const key = randomKey()
    await a!.dht.put(key, bytes('patience'), { replication: 2 })
    const bad = await hosts.create()
    await acquaint([...hosts.all])
    await stall(bad)
    const began = performance.now()
    expect(text(await b!.dht.get(key))).toBe('patience')
    expect(await b!.dht.get(randomKey())).toBeUndefined()
    expect(performance.now() - began).toBeLessThan(10_000)
  })

  it('that fails once is asked again when nobody else has the value', async () => {
    const [a, b] = await hosts.network(2)
    const key = randomKey()
    const { storedOn } = await a!.dht.put(key, bytes('only here'), { replication: 1 })
    const [holder, reader] = storedOn[0] === a!.id ? [a!, b!] : [b!, a!]
    const get = vi.spyOn(holder.storage.records, 'get').mockRejectedValueOnce(new Error('a bad moment'))
    expect(text(await reader.dht.get(key))).toBe('only here')
    expect(get).toHaveBeenCalledTimes(2)
  })

  it('that floods a node with valid records fills that node and nothing else (T5)', async () => {
    const [a, b] = await hosts.network(2)
    const victim = await hosts.create({ config: { maxRecords: 50 } })
    await acquaint([a!, b!, victim])
    const flooder = await Owner.create()
    const flood = async (): Promise<number> => {
      let taken = 0

      for (let i = 0; i < 50; i++) {
        const key = plainKey(randomKey())
        taken += (await send(b!, victim, key, await flooder.seal(key))) ? 1 : 0
      }

      return taken
    }
    const flooded = Promise.all([flood(), flood(), flood(), flood()])

    for (let i = 0; i < 5; i++) {
      const key = randomKey()
      expect((await a!.dht.put(key, bytes('honest'), { replication: 2 })).verifiedOn).toHaveLength(2)
      expect(text(await victim.dht.get(key))).toBe('honest')
    }

    const taken = (await flooded).reduce((sum, each) => sum + each)
    expect((await victim.held()).size).toBe(50)
    expect(taken).toBeLessThanOrEqual(50)
    expect(taken).toBeGreaterThan(40)
  })

  it('that never answers does not keep a put from its copies, nor a get behind it', async () => {
    const [a, b] = await hosts.network(3)
    const bad = await hosts.create()
    await acquaint([...hosts.all])
    await stall(bad)
    const key = randomKey()
    const put = a!.dht.put(key, bytes('in time'), { replication: 3 })
    expect(text(await a!.dht.get(key))).toBe('in time')
    expect((await put).verifiedOn).toHaveLength(3)
    expect(text(await b!.dht.get(key))).toBe('in time')
  })

  it('cannot take an owned key, whatever it signs', async () => {
    const [a, b, c] = await hosts.network(3)
    const thief = await Owner.create()
    const key = randomKey()
    await a!.dht.put(key, bytes('mine'), { owned: true, replication: 3 })
    const recordKey = Owner.of(a!.privateKey).ownedKey(key)
    const forged = await thief.seal(recordKey, { payload: bytes('stolen'), sequence: Date.now() + 1e9 })
    const signedAsOwner = await thief.seal(recordKey, {
      payload: bytes('stolen'),
      sequence: Date.now() + 1e9,
      owner: Owner.of(a!.privateKey).publicKey
    })
    const outcomes = await Promise.all(
      [b!, c!].flatMap((to) => [send(a!, to, recordKey, forged), send(a!, to, recordKey, signedAsOwner)])
    )
    expect(outcomes).toEqual([false, false, false, false])
    expect(text(await c!.dht.get(key, { owner: a!.privateKey.publicKey }))).toBe('mine')
  })
})

describe('a node that is sent 1,000 older values (T9)', () => {
  const hosts = new Hosts()
  afterEach(async () => hosts.stop())

  it('takes none of them, over expiry and restart', async () => {
    let [sender, holder] = (await hosts.network(2)) as [Host, Host]
    const owner = await Owner.create()
    const recordKey = plainKey(randomKey())
    const now = Date.now()
    const older = await Promise.all(
      Array.from({ length: 1_000 }, async (_, i) =>
        owner.seal(recordKey, { issuedAt: now - 1_001 + i, sequence: i + 1 })
      )
    )
    const newest = await owner.seal(recordKey, { issuedAt: now, sequence: 2_000, expiresAt: now + 5_000 })
    const replayed = async (values: readonly Uint8Array[]): Promise<number> => {
      let taken = 0

      for (const value of values) {
        taken += (await send(sender, holder, recordKey, value)) ? 1 : 0
      }

      return taken
    }
    const held = async (): Promise<Uint8Array[]> => [...(await holder.held()).values()]

    expect(await replayed([older[0]!, newest])).toBe(2)
    expect([await replayed(older.slice(0, 400)), await held()]).toEqual([0, [newest]])
    await holder.stop()
    holder = await hosts.create({ dir: holder.dir, privateKey: holder.privateKey })
    await acquaint([sender, holder])
    expect(await replayed(older.slice(400, 700))).toBe(0)
    await wait(Math.max(now + 6_000 - Date.now(), 0))
    expect([await replayed(older.slice(700)), await held()]).toEqual([0, []])
    expect(await replayed([await owner.seal(recordKey, { sequence: 2_001 })])).toBe(1)
  })

  it('takes none of a part of the network that was cut off, and that part takes the newer one', async () => {
    const [a, b, c] = (await hosts.network(3)) as [Host, Host, Host]
    const key = randomKey()
    const recordKey = Owner.of(a.privateKey).ownedKey(key)
    const options = { owned: true, replication: 3 }
    expect((await a.dht.put(key, bytes('older'), options)).verifiedOn).toHaveLength(3)
    const older = (await c.held()).get(text(recordKey)!)!
    await c.stop()
    await a.dht.put(key, bytes('newer'), options)
    const newer = (await b.held()).get(text(recordKey)!)!
    const back = await hosts.create({ dir: c.dir, privateKey: c.privateKey })
    expect((await back.held()).get(text(recordKey)!)).toEqual(older)
    await acquaint([a, b, back])
    let taken = 0

    for (let i = 0; i < 500; i++) {
      const both = await Promise.all([a, b].map(async (to) => send(back, to, recordKey, older)))
      taken += both.filter(Boolean).length
    }

    expect(taken).toBe(0)
    const reader = { owner: a.privateKey.publicKey }
    expect([text(await back.dht.get(key, reader)), text(await b.dht.get(key, reader))]).toEqual(['newer', 'newer'])
    await send(a, back, recordKey, newer)
    expect((await back.held()).get(text(recordKey)!)).toEqual(newer)
    expect(await send(b, back, recordKey, older)).toBe(false)
  })
})
