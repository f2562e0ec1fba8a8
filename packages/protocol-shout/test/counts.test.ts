import { figures } from '@hearsay/protocol-shout/codec'
import { identify } from '@libp2p/identify'
import { afterEach, describe, expect, it } from 'vitest'
import { connect, heard, Hosts, keyAt, peered, until } from './hosts.ts'
import { TestMetrics } from './metrics.ts'
import type { ShoutHost } from './hosts.ts'

const hosts = new Hosts()
afterEach(async () => hosts.stop())

const SHOUTS = 5

/** SHOUTs sent by all hosts together, over a graph of real streams, for each that is said */
async function messagesPerShout(nodes: number, edges: [number, number][], limit: number): Promise<number> {
  const metrics = new TestMetrics()
  const all: ShoutHost[] = []

  for (let i = 0; i < nodes; i++) {
    const service = metrics.shout({ key: await keyAt(i), limit, autoDial: false, listed: false })
    const services = { identify: identify(), shout: service }
    all.push(await hosts.create({}, { services }))
  }

  for (const [from, to] of edges) {
    await connect(all[from]!, all[to]!)
  }

  await Promise.all(all.map(async (host, i) => peered(edges.filter((edge) => edge.includes(i)).length, host)))
  const arrived = all.map((host) => heard(host, 'shout'))

  for (let i = 0; i < SHOUTS; i++) {
    await all[i % nodes]!.services.shout.shout(i)
  }

  await until(() => arrived.flat().length >= SHOUTS * (nodes - 1))
  // one more, behind which nothing can still be on its way: streams keep their order
  await all[0]!.services.shout.shout('last')
  await until(() => arrived.flat().length >= (SHOUTS + 1) * (nodes - 1))
  await until(() => metrics.of('sent: SHOUT') % (SHOUTS + 1) === 0)
  expect(arrived.flat()).toHaveLength((SHOUTS + 1) * (nodes - 1))
  return metrics.of('sent: SHOUT') / (SHOUTS + 1)
}

const pairs = (nodes: number): [number, number][] =>
  Array.from({ length: nodes }, (_, i) => Array.from({ length: i }, (_other, j): [number, number] => [i, j])).flat()

describe('messages of one SHOUT among real hosts', () => {
  it.each([2, 5])('are (n − 1)² where all %i are connected to all', { timeout: 60_000 }, async (nodes) => {
    expect(await messagesPerShout(nodes, pairs(nodes), nodes)).toBe(figures.saturatedMessages(nodes))
  })

  it.each([
    [9, 1],
    [9, 2]
  ])('are (2ℓ − 1)n + 1 where each of %i opened %i streams', { timeout: 60_000 }, async (nodes, limit) => {
    const ring = Array.from({ length: limit }, (_, step) =>
      Array.from({ length: nodes }, (_node, i): [number, number] => [i, (i + step + 1) % nodes])
    ).flat()
    expect(await messagesPerShout(nodes, ring, limit)).toBe(figures.limitedMessages(nodes, limit))
  })
})
