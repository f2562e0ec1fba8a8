import { afterEach, expect, it, vi } from 'vitest'
import { addressOf, Hosts } from './hosts.ts'
import type { Metrics } from '@libp2p/interface'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const hosts = new Hosts()
afterEach(async () => hosts.stop())

const ANNOUNCES = 'hearsay_gossip_announces_total'

/** What is registered as `hearsay_…`, and a look at it */
class Recorder {
  private readonly calculated = new Map<string, () => unknown>()
  readonly labels = new Map<string, string | undefined>()
  readonly helped = new Map<string, boolean>()
  readonly observed = new Map<string, number[]>()
  readonly counted = new Map<string, Record<string, number>>()

  readonly register = (
    name: string,
    { calculate, label, help }: { calculate?: () => unknown; label?: string; help?: string } = {}
  ): unknown => {
    this.labels.set(name, label)
    this.helped.set(name, help !== undefined)

    if (calculate !== undefined) {
      this.calculated.set(name, calculate)
      return undefined
    }

    const counted: Record<string, number> = {}
    const observed: number[] = []
    this.counted.set(name, counted)
    this.observed.set(name, observed)
    const increment = (values: unknown): void =>
      Object.entries(values ?? {}).forEach(([key, by]) => (counted[key] = (counted[key] ?? 0) + Number(by)))
    return { increment, decrement: increment, update: () => {}, observe: (value: number) => observed.push(value) }
  }

  now(name: string): unknown {
    return this.calculated.get(name)?.()
  }

  names(): string[] {
    return [...this.labels.keys()].filter((name) => name.startsWith('hearsay')).toSorted()
  }

  metrics(): Metrics {
    const answer = new Proxy({} as Metrics, {
      get: (_target, name) => {
        if (typeof name !== 'string') {
          return undefined
        }
        return name.startsWith('register') ? this.register : (fn: unknown) => fn
      },
      has: () => true
    })
    return answer
  }
}

it('the service counts what happens, by few and fixed labels', async () => {
  const recorder = new Recorder()
  const a = await hosts.create({}, { metrics: () => recorder.metrics() })
  const b = await hosts.create({ knownPeers: [addressOf(a)] })
  a.services.gossip.subscribe(7, (data) => data[0] === 1)
  a.services.gossip.subscribe(8, async () => true)
  await vi.waitFor(() => expect(b.services.gossip.peers).toHaveLength(1), 20_000)
  ;[7, 7, 8, 9].forEach((dataType, i) => b.services.gossip.announce(dataType, Uint8Array.of(i)))
  a.services.gossip.announce(7, Uint8Array.of(1))
  await vi.waitFor(() => expect(recorder.now(ANNOUNCES)).toMatchObject({ received: 4, valid: 2 }), 20_000)
  expect(recorder.now(ANNOUNCES)).toEqual({
    own: 1,
    received: 4,
    duplicate: 0,
    limited: 0,
    oversized: 0,
    unknown: 1,
    valid: 2,
    invalid: 1,
    expired: 0,
    displaced: 0,
    sent: 1
  })
  expect(recorder.now('hearsay_gossip_peers')).toEqual({ inbound: 1, outbound: 0 })
  expect(recorder.now('hearsay_gossip_remembered_announces')).toBe(5)
  expect(recorder.now('hearsay_gossip_solving')).toBe(0)
  expect(recorder.observed.get('hearsay_gossip_verdict_seconds')).toHaveLength(3)
  expect(recorder.names()).toEqual([
    ANNOUNCES,
    'hearsay_gossip_closes_total',
    'hearsay_gossip_dropped_total',
    'hearsay_gossip_peers',
    'hearsay_gossip_remembered_announces',
    'hearsay_gossip_solve_seconds',
    'hearsay_gossip_solving',
    'hearsay_gossip_verdict_seconds'
  ])
  expect(recorder.names().every((name) => recorder.helped.get(name) === true)).toBe(true)
  expect(recorder.names().map((name) => recorder.labels.get(name))).toEqual([
    'fate',
    'reason',
    'reason',
    'direction',
    undefined,
    undefined,
    undefined,
    undefined
  ])
})

it('the service counts the peers it closed, by reason, and the proofs it found', async () => {
  const recorder = new Recorder()
  const a = await hosts.create({ challengeTimeout: 1_000 })
  const b = await hosts.create({ knownPeers: [addressOf(a)] }, { metrics: () => recorder.metrics() })
  await vi.waitFor(() => expect(b.services.gossip.peers).toHaveLength(1), 20_000)
  expect(recorder.observed.get('hearsay_gossip_solve_seconds')).toHaveLength(1)
  const connection = b.getConnections(a.peerId)[0]!
  const stream = connection.streams.find(({ protocol }) => protocol.startsWith('/hearsay/gossip'))!
  // the other end says what is no message
  a.getConnections(b.peerId)[0]!
    .streams.find(({ protocol }) => protocol === stream.protocol)!
    .send(Uint8Array.of(0, 4, 0xff, 0xff))
  await vi.waitFor(() => expect(recorder.counted.get('hearsay_gossip_closes_total')).toEqual({ malformed: 1 }), 20_000)
})

it('the service counts what it drops because a peer does not read', async () => {
  const recorder = new Recorder()
  const a = await hosts.create({ maxQueuedBytes: 65_536 }, { metrics: () => recorder.metrics() })
  const b = await hosts.create({ knownPeers: [addressOf(a)] })
  await vi.waitFor(() => expect(a.services.gossip.peers).toHaveLength(1), 20_000)
  const dropped = (): unknown => recorder.counted.get('hearsay_gossip_dropped_total')
  a.services.gossip.announce(7, Uint8Array.of(1))
  expect(dropped()).toEqual({})
  b.getConnections(a.peerId)[0]!
    .streams.find(({ protocol }) => protocol.startsWith('/hearsay/gossip'))!
    .pause()
  const announces = Array.from({ length: 200 }, (_, i) => new Uint8Array(60_000).fill(i))
  await vi.waitFor(() => {
    announces.splice(0, 10).forEach((data) => a.services.gossip.announce(7, data))
    expect(dropped()).toEqual({ slow: expect.any(Number) })
  }, 20_000)
  expect(a.services.gossip.peers).toHaveLength(1)
})
