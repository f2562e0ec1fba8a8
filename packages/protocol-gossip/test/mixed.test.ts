import { MIDTERM_PROTOCOL, P2P_PROTOCOL, PROTOCOL } from '@hearsay/protocol-gossip'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { addressOf, Hosts } from './hosts.ts'
import type { DialectName, GossipInit } from '@hearsay/protocol-gossip'
import type { GossipHost } from './hosts.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const hosts = new Hosts()
afterEach(async () => hosts.stop())

const TYPE = 7
const all = ['gossip', 'gossip-p2p', 'gossip-midterm'] as const

/** A host of the given dialects, connected to others, that counts what it hears */
async function member(
  dialects: readonly DialectName[],
  knownPeers: GossipHost[],
  init: GossipInit = {}
): Promise<GossipHost & { heard: Map<string, number> }> {
  const host = await hosts.create({
    dialects,
    knownPeers: knownPeers.map(addressOf),
    fromConnections: false,
    degree: 6,
    ...init
  })
  const heard = new Map<string, number>()
  host.services.gossip.subscribe(TYPE, () => true)
  host.services.gossip.addEventListener('message', ({ detail }) => {
    const text = new TextDecoder().decode(detail.data)
    heard.set(text, (heard.get(text) ?? 0) + 1)
  })
  return Object.assign(host, { heard })
}

type Member = Awaited<ReturnType<typeof member>>

/** Until each member has so many peers */
async function verified(expected: [Member, number][]): Promise<void> {
  await vi.waitFor(
    () => expect(expected.map(([host]) => host.services.gossip.peers.length)).toEqual(expected.map(([, n]) => n)),
    10_000
  )
}

/** Each member announces some; in the end each heard those of the others, each once */
async function gossipAround(members: Member[], announces: number): Promise<void> {
  const texts = members.flatMap((_, i) => Array.from({ length: announces }, (_unused, n) => `${i} ${n}`))
  texts.forEach((text) =>
    members[Number(text.split(' ')[0])]!.services.gossip.announce(TYPE, new TextEncoder().encode(text))
  )
  const others = (i: number): string[] => texts.filter((text) => !text.startsWith(`${i} `)).toSorted()
  await vi.waitFor(
    () => expect(members.map(({ heard }) => [...heard.keys()].toSorted())).toEqual(members.map((_, i) => others(i))),
    15_000
  )
  // whatever still circulates would come by now
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(members.flatMap(({ heard }) => [...heard.values()]).every((times) => times === 1)).toBe(true)
}

describe('a mixed network', () => {
  it('of nodes that speak one dialect each, around one that speaks all, hears everything once', async () => {
    const hub = await member(all, [])
    const spokes = [
      await member(['gossip'], [hub]),
      await member(['gossip-p2p'], [hub]),
      await member(['gossip-midterm'], [hub])
    ]
    await verified([[hub, 3], ...spokes.map((spoke): [Member, number] => [spoke, 1])])
    expect(hub.services.gossip.peers.map(({ dialect }) => dialect).toSorted()).toEqual([...all].toSorted())
    await gossipAround([hub, ...spokes], 20)
  }, 30_000)

  it.each([
    ['gossip', 'gossip-p2p'],
    ['gossip-midterm', 'gossip-p2p']
  ] as const)(
    'with two bridges between %s and %s has no loop and no duplicate',
    async (left, right) => {
      const [a, b] = [await member([left], []), await member([right], [])]
      // both bridges know both sides, and each other
      const first = await member([left, right], [a, b])
      const second = await member([right, left], [a, b, first])
      const ends = [await member([left], [a, first, second]), await member([right], [b, first, second])]
      const everybody = [a, b, first, second, ...ends]
      await verified([
        [a, 3],
        [b, 3],
        [first, 5],
        [second, 5],
        [ends[0]!, 3],
        [ends[1]!, 3]
      ])
      await gossipAround(everybody, 20)
    },
    30_000
  )

  it('two nodes that share several dialects meet on the first of who dials', async () => {
    const a = await member(all, [])
    const b = await member(['gossip-p2p', 'gossip'], [a])
    const c = await member(['gossip-midterm', 'gossip'], [a])
    await verified([
      [a, 2],
      [b, 1],
      [c, 1]
    ])
    expect(b.services.gossip.peers).toMatchObject([{ dialect: 'gossip-p2p' }])
    expect(c.services.gossip.peers).toMatchObject([{ dialect: 'gossip-midterm' }])
    expect(a.getProtocols()).toEqual(expect.arrayContaining([PROTOCOL, P2P_PROTOCOL, MIDTERM_PROTOCOL]))
    await a.stop()
    expect(a.getProtocols()).not.toContain(P2P_PROTOCOL)
  }, 20_000)

  it('nodes without a dialect in common do not meet', async () => {
    const a = await member(['gossip'], [], { fromConnections: true })
    const b = await member(['gossip-p2p'], [a], { fromConnections: true })
    const failed = vi.spyOn(b.services.gossip, 'dispatchEvent')
    await b.dial(a.getMultiaddrs())
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect([a, b].map((host) => host.services.gossip.peers)).toEqual([[], []])
    expect(failed).not.toHaveBeenCalled()
  })

  it('of the midterm dialect alone finds its peers by questions and proven offers', async () => {
    const init = { searchCooldown: 1_000, minConnections: 3, degree: 3, maxConnections: 16 }
    const hub = await member(['gossip-midterm'], [], init)
    const others = [await member(['gossip-midterm'], [hub], init), await member(['gossip-midterm'], [hub], init)]
    // both know the hub only; in the end they know each other
    await verified([hub, ...others].map((host): [Member, number] => [host, 2]))
    await gossipAround([hub, ...others], 5)
  }, 30_000)
})
