import { afterEach, describe, expect, it, vi } from 'vitest'
import { addressOf, Hosts, introduce } from './hosts.ts'
import type { UserRecord } from '@hearsay/protocol-cup2py'

const hosts = new Hosts()
afterEach(async () => hosts.stop())

describe('users on libp2p hosts', () => {
  it('find each other along a line, and the answer comes back the way the search went', async () => {
    const [a, b, c, d] = [await hosts.create(), await hosts.create(), await hosts.create(), await hosts.create()]
    await introduce(a, b)
    await introduce(b, c)
    await introduce(c, d)
    const { hash } = d.services.cup2py
    expect(await a.services.cup2py.get(hash)).toBeUndefined()
    const answers: UserRecord[] = []
    a.services.cup2py.addEventListener('search:answer', ({ detail }) => answers.push(detail))
    const { record, cost } = await a.services.cup2py.search(hash)
    expect(record).toMatchObject({ hash, address: addressOf(d) })
    expect(answers.at(-1)).toEqual(record)
    expect(cost).toMatchObject({ messages: 1, peersAsked: 1 })
    // who passed it on, learned it
    expect(await b.services.cup2py.get(hash)).toBeDefined()
    expect(await a.services.cup2py.get(hash)).toEqual(record)
    // nobody was dialled but those in the books
    expect(a.getPeers().map(String)).toEqual([b.peerId.toString()])
  })

  it('tell who knows them where they are', async () => {
    const [a, b, c] = [await hosts.create(), await hosts.create(), await hosts.create()]
    await introduce(a, b)
    await introduce(b, c)
    const { record, users } = await a.services.cup2py.publish({ depth: 2 })
    expect(users).toBe(1)
    await vi.waitFor(async () => expect(await c.services.cup2py.get(record.hash)).toEqual(record), 5_000)
  })
})
