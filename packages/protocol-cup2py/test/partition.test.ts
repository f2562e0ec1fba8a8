import { generateUser, MemoryBook, signRecord, userHash } from '@hearsay/protocol-cup2py'
import { afterEach, expect, it, vi } from 'vitest'
import { createHost, firstAnswer, Hosts } from './hosts.ts'
import { strangerTo } from './stranger.ts'
import { dateIn } from './users.ts'
import type { UserRecord } from '@hearsay/protocol-cup2py'
import type { Message } from '@hearsay/protocol-cup2py/codec'
import type { PeerId } from '@libp2p/interface'
import type { Cup2pyHost } from './hosts.ts'

const PATIENCE = 60_000
const HALF = 3
const USERS = 20
/** Records of each user that are older than what all hold */
const OLD = 50

const hosts = new Hosts()
const all: Cup2pyHost[] = []
afterEach(async () => {
  await Promise.all(all.splice(0).map(async (host) => host.stop()))
  await hosts.stop()
})

const update = (record: UserRecord): Message => ({ type: 'update', record, depth: 3, checked: [] })

interface User {
  hash: string
  old: UserRecord[]
  held: UserRecord
  fresh: UserRecord
}

async function createUser(): Promise<User> {
  const key = await generateUser({ bits: 1_024 })
  const hash = userHash(key.publicKey.pkcs1Pem)
  const sign = async (age: number): Promise<UserRecord> => signRecord(key, hash, `/age-${age}`, dateIn(-age))
  const old = Array.from({ length: OLD }, async (_, i) => sign(1_000 + i))
  return { hash, old: await Promise.all(old), held: await sign(100), fresh: await sign(10) }
}

/** Hosts that know each other; while `split` is true, those of one half cannot reach those of the other */
async function createHalves(): Promise<{ halves: [Cup2pyHost[], Cup2pyHost[]]; network: { split: boolean } }> {
  const network = { split: false }
  const sides = new Map<string, number>()
  const create = async (side: number): Promise<Cup2pyHost> => {
    const isOther = (peer: PeerId): boolean => network.split && sides.get(peer.toString()) === 1 - side
    const limits = { minModulusBits: 1_024, requestRate: 100_000, verifyRate: 100_000, quietTime: 60_000 }
    const host = await createHost(
      { ...limits, addressBook: new MemoryBook() },
      { connectionGater: { denyDialPeer: isOther, denyInboundEncryptedConnection: isOther } }
    )
    sides.set(host.peerId.toString(), side)
    all.push(host)
    return host
  }
  const halves = [0, 1].map(async (side) => Promise.all(Array.from({ length: HALF }, async () => create(side))))
  return { halves: (await Promise.all(halves)) as [Cup2pyHost[], Cup2pyHost[]], network }
}

async function heldBy(host: Cup2pyHost, { hash }: User): Promise<string | undefined> {
  return (await host.services.cup2py.get(hash))?.address
}

/** Every old record, and what was held before: all sent to one host, which has looked at them when this ends */
async function replay(host: Cup2pyHost, users: readonly User[]): Promise<void> {
  const { stats } = host.services.cup2py
  const records = users.flatMap(({ old, held }) => [...old, held])
  const before = stats.received.update
  const stranger = await strangerTo(host, hosts)
  stranger.say(...records.map(update))
  await vi.waitFor(() => expect(stats.received.update - before).toBeGreaterThanOrEqual(records.length), PATIENCE)
}

it(
  'after a partition all hold the newer record, and of 1,000 old ones none comes back (T9)',
  async () => {
    const { halves, network } = await createHalves()
    const users = await Promise.all(Array.from({ length: USERS }, createUser))
    const [inA, inB] = halves
    const holdings = async (): Promise<unknown[]> =>
      Promise.all(all.flatMap((host) => users.map(async (user) => heldBy(host, user))))
    const fresh = all.flatMap(() => users.map((user) => user.fresh.address))
    const rollbacks: string[] = []

    for (const host of all) {
      const newest = new Map<string, string>()
      host.services.cup2py.addEventListener('record', ({ detail: { hash, date, address } }) => {
        rollbacks.push(...(date < (newest.get(hash) ?? '') ? [address] : []))
        newest.set(hash, date)
      })
      const others = all.filter((other) => other !== host)
      await host.services.cup2py.import(users.map(({ held }) => held))
      await host.services.cup2py.import(
        await Promise.all(others.map(async (other) => (await other.services.cup2py.publish({ depth: 0 })).record))
      )
    }

    network.split = true
    await Promise.all(inA.flatMap((a) => inB.map(async (b) => a.hangUp(b.peerId))))
    const messenger = await strangerTo(inA[0]!, hosts)
    messenger.say(...users.map((user) => update(user.fresh)))

    for (const host of inA) {
      for (const user of users) {
        await vi.waitFor(async () => expect(await heldBy(host, user)).toBe(user.fresh.address), PATIENCE)
      }
    }

    // one forgets half of its users, as a full book does
    const gone = users.slice(0, USERS / 2)
    await Promise.all(gone.map(async ({ hash }) => inA[2]!.services.cup2py.remove(hash)))
    expect(await Promise.all(inB.flatMap((host) => users.map(async (user) => heldBy(host, user))))).toEqual(
      inB.flatMap(() => users.map(({ held }) => held.address))
    )

    network.split = false
    await Promise.all(inA.map(async (a, i) => inB[i]!.dial(a.getMultiaddrs())))
    await Promise.all(inA.map(async (host) => replay(host, users)))
    await vi.waitFor(() => expect(inA[2]!.services.cup2py.stats.dropped.floor).toBe(gone.length * (OLD + 1)), PATIENCE)
    expect(await Promise.all(gone.map(async (user) => heldBy(inA[2]!, user)))).toEqual(gone.map(() => undefined))

    for (const host of all) {
      for (const user of users) {
        if ((await heldBy(host, user)) !== user.fresh.address) {
          await host.services.cup2py.search(user.hash, { signal: firstAnswer(host.services.cup2py, user.hash) })
        }
      }
    }

    // what came twice in authorInterval is kept after it
    await vi.waitFor(async () => expect(await holdings()).toEqual(fresh), PATIENCE)
    await Promise.all(all.map(async (host) => replay(host, users)))
    expect(await holdings()).toEqual(fresh)
    expect(rollbacks).toEqual([])
  },
  5 * PATIENCE
)
