import { afterEach, expect, it } from 'vitest'
import { Nodes, peers } from './nodes.ts'
import type { TestNode } from './nodes.ts'

/** In ms; the monitor pings every 10 s, and two pings at a time are one too many */
const PINGS_FROM = 9_000
const PINGS_UNTIL = 12_000

const nodes = new Nodes()
afterEach(async () => nodes.stop())

it('nodes stay connected while both sides ping, and the connection monitor does too (B8)', async () => {
  const start = performance.now()
  const a = await nodes.create()
  const b = await nodes.create({ peer: [a.address] })
  await Promise.all([peers(a, 1), peers(b, 1)])
  const connections = (): string[][] => [a, b].map(({ libp2p }) => libp2p.getConnections().map(({ id }) => id))
  const before = connections()
  let [pings, refused] = [0, 0]

  async function ping(from: TestNode, to: TestNode): Promise<void> {
    while (performance.now() - start < PINGS_UNTIL) {
      pings++
      // when one of the monitor is under way
      await from.libp2p.services.ping.ping(to.libp2p.peerId).catch(() => refused++)
    }
  }

  await new Promise((resolve) => setTimeout(resolve, PINGS_FROM - (performance.now() - start)))
  await Promise.all([ping(a, b), ping(b, a)])
  expect(pings - refused).toBeGreaterThan(100)
  expect(connections()).toEqual(before)
  expect([...a.log.lines, ...b.log.lines].filter((line) => line.includes('lost'))).toEqual([])
}, 30_000)
