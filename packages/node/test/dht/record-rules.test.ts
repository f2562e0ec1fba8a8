import { RecordRules } from '@hearsay/node/dht'
import { MemoryDatastore } from 'datastore-core'
import { describe, expect, it } from 'vitest'
import { aPlainKey, bytes, Owner, randomKey } from './owners.ts'
import type { Datastore } from 'interface-datastore'

const [alice, bob] = [await Owner.create(), await Owner.create()]
const NOW = 1_700_000_000_000

interface Harness {
  rules: RecordRules
  clock: { now: number }
}

async function opened(datastore: Datastore = new MemoryDatastore(), maxFloors = 100): Promise<Harness> {
  const clock = { now: NOW }
  return { clock, rules: await RecordRules.open({ datastore, maxFloors, now: () => clock.now }) }
}

/** What kad-dht is told: nothing, or why not */
async function validated({ rules }: Harness, key: Uint8Array, value: Uint8Array): Promise<string> {
  const [, namespace = ''] = new TextDecoder().decode(key).split('/')

  try {
    await rules.validators[namespace]!(key, value)
    return 'taken'
  } catch (err) {
    return `${(err as Error).name}: ${(err as Error).message}`
  }
}

const at = (sequence: number): { issuedAt: number; sequence: number } => ({ issuedAt: NOW + sequence, sequence })

describe('the validator', () => {
  it.each(['Ed25519', 'secp256k1', 'RSA'] as const)(
    'takes what is signed by an owner with a key of %s',
    async (type) => {
      const owner = await Owner.create(type)
      const key = aPlainKey()
      expect(await validated(await opened(), key, await owner.seal(key, at(0)))).toBe('taken')
    }
  )

  it('refuses what has expired', async () => {
    const harness = await opened()
    const key = aPlainKey()
    const value = await alice.seal(key, { issuedAt: NOW, expiresAt: NOW + 1_000 })
    harness.clock.now = NOW + 1_000
    expect(await validated(harness, key, value)).toBe('RefusedRecordError: it has expired')
  })

  it('refuses what comes from more than a minute ahead (T18)', async () => {
    const key = aPlainKey()
    expect(await validated(await opened(), key, await alice.seal(key, at(60_000)))).toBe('taken')
    expect(await validated(await opened(), key, await alice.seal(key, at(60_001)))).toMatch(/too far in the future$/)
  })

  it('refuses what is altered anywhere (T12)', async () => {
    const key = aPlainKey()
    const value = await alice.seal(key, at(0))
    const harness = await opened()

    for (let i = 0; i < value.byteLength; i++) {
      const altered = value.slice()
      altered[i]! ^= 1
      expect(await validated(harness, key, altered)).toMatch(/^(RefusedRecord|Decode)Error: /)
    }

    expect(await validated(harness, key, value)).toBe('taken')
  })

  it('refuses what was signed for another key (T12)', async () => {
    const value = await alice.seal(aPlainKey(), at(0))
    expect(await validated(await opened(), aPlainKey(), value)).toBe('RefusedRecordError: its owner did not sign it')
  })

  it('refuses what somebody else signed (T12)', async () => {
    const key = aPlainKey()
    const value = await alice.seal(key, { ...at(0), owner: bob.publicKey })
    expect(await validated(await opened(), key, value)).toBe('RefusedRecordError: its owner did not sign it')
  })

  it('refuses an owner key that is none', async () => {
    const key = aPlainKey()
    const value = await alice.seal(key, { ...at(0), owner: bytes('nobody') })
    expect(await validated(await opened(), key, value)).toMatch(/owner key or its signature cannot be read$/)
  })

  it('does not raise a floor for what is not signed', async () => {
    const key = aPlainKey()
    const harness = await opened()
    const forged = await alice.seal(key, { ...at(9), owner: bob.publicKey })
    await validated(harness, key, forged)
    expect(await validated(harness, key, await bob.seal(key, at(1)))).toBe('taken')
  })

  it('takes an owned key from its owner alone', async () => {
    const harness = await opened()
    const key = alice.ownedKey(randomKey())
    expect(await validated(harness, key, await alice.seal(key, at(1)))).toBe('taken')
    const value = await alice.seal(key, at(2))
    expect(await validated(harness, bob.ownedKey(randomKey()), value)).toBe(
      'DecodeError: the key belongs to another owner'
    )
  })

  it('takes one of two that come at once when they contradict each other', async () => {
    const harness = await opened()
    const key = aPlainKey()
    const [a, b] = [
      await alice.seal(key, { ...at(1), payload: bytes('a') }),
      await alice.seal(key, { ...at(1), payload: bytes('b') })
    ]
    const said = await Promise.all([validated(harness, key, a), validated(harness, key, b)])
    expect(said.toSorted()).toEqual([expect.stringMatching(/^RefusedRecordError: another of its owner/), 'taken'])
  })

  it('never takes an older one after a newer one, whatever comes at once', async () => {
    const harness = await opened()
    const key = aPlainKey()
    const values = await Promise.all(Array.from({ length: 20 }, async (_, i) => alice.seal(key, at(i))))
    await Promise.all(values.toReversed().map(async (value) => validated(harness, key, value)))
    const again = await Promise.all(values.map(async (value) => validated(harness, key, value)))
    expect(again.map((said) => said === 'taken')).toEqual(values.map((_, i) => i === 19))
  })
})

describe('no rollback (T9)', () => {
  it.each([
    ['a plain', aPlainKey()],
    ['an owned', alice.ownedKey(randomKey())]
  ])(
    'none of 1,000 older values of %s key is taken, over expiry and restart',
    { timeout: 60_000 },
    async (_name, key) => {
      const datastore = new MemoryDatastore()
      let harness = await opened(datastore)
      const older = await Promise.all(Array.from({ length: 1_000 }, async (_, i) => alice.seal(key, at(i))))
      const newest = await alice.seal(key, { ...at(1_000), expiresAt: NOW + 2_000 })
      const taken = async (): Promise<number> => {
        const said = await Promise.all(older.map(async (value) => validated(harness, key, value)))
        return said.filter((each) => each === 'taken').length
      }
      expect(await validated(harness, key, newest)).toBe('taken')
      expect(await taken()).toBe(0)
      // the newest is gone, the older ones would live for another minute
      harness.clock.now = NOW + 3_000
      expect(await validated(harness, key, newest)).toBe('RefusedRecordError: it has expired')
      expect(await taken()).toBe(0)
      harness = await opened(datastore)
      harness.clock.now = NOW + 3_000
      expect(await taken()).toBe(0)
      expect(await validated(harness, key, await alice.seal(key, at(1_001)))).toBe('taken')
    }
  )

  it('of a plain key holds among many owners', async () => {
    const datastore = new MemoryDatastore()
    const key = aPlainKey()
    const [first, second] = [await alice.seal(key, at(1)), await bob.seal(key, at(2))]
    const before = await opened(datastore)
    expect([await validated(before, key, first), await validated(before, key, second)]).toEqual(['taken', 'taken'])
    const after = await opened(datastore)
    expect(await validated(after, key, first)).toBe('RefusedRecordError: one that wins over it was seen')
    expect(after.rules.latestIssuedAt(new TextDecoder().decode(key))).toBe(NOW + 2)
  })

  it('takes the very same value again, as a refresh brings it', async () => {
    const datastore = new MemoryDatastore()
    const key = aPlainKey()
    const value = await alice.seal(key, at(1))
    const before = await opened(datastore)
    await validated(before, key, value)
    expect([await validated(before, key, value), await validated(await opened(datastore), key, value)]).toEqual([
      'taken',
      'taken'
    ])
  })

  it('keeps as many floors as it may, also in the datastore', async () => {
    const datastore = new MemoryDatastore()
    const harness = await opened(datastore, 20)

    for (let i = 0; i < 50; i++) {
      const key = aPlainKey()
      await validated(harness, key, await alice.seal(key, at(i)))
    }

    const rows: unknown[] = []

    for await (const row of datastore.queryKeys({ prefix: '/hearsay/dht/floor/' })) {
      rows.push(row)
    }

    expect(rows).toHaveLength(20)
  })
})

describe('the selector', () => {
  it('chooses the value that wins, as the validator does', async () => {
    const { rules } = await opened()
    const key = aPlainKey()
    const values = [await alice.seal(key, at(1)), await bob.seal(key, at(3)), await alice.seal(key, at(2))]
    expect(rules.selectors['hearsay']!(key, values)).toBe(1)
    const owned = alice.ownedKey(randomKey())
    const sequences = [3, 9, 5].map(async (sequence) => alice.seal(owned, { ...at(0), sequence }))
    expect(rules.selectors['hearsay-owned']!(owned, await Promise.all(sequences))).toBe(1)
  })
})
