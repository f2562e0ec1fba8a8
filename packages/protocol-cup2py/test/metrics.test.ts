import { afterEach, expect, it } from 'vitest'
import { Hosts, introduce } from './hosts.ts'
import type { Metrics } from '@libp2p/interface'

const hosts = new Hosts()
afterEach(async () => hosts.stop())

it('shows what was received, sent, dropped and closed when metrics are read', async () => {
  // what the rest of libp2p makes of metrics is not looked at
  const anything: unknown = new Proxy(() => {}, {
    get: (_target, name) => (name === 'then' ? undefined : anything),
    apply: () => anything
  })
  const read = new Map<string, () => unknown>()
  const register = (name: string, options?: { calculate?: () => unknown }): unknown => {
    if (options?.calculate !== undefined) {
      read.set(name, options.calculate)
    }

    return anything
  }
  const metrics = { registerMetric: register, registerMetricGroup: register } as unknown as Metrics
  const others = new Proxy(metrics, {
    get: (target, name): unknown => (Reflect.get(target, name) as unknown) ?? anything
  })
  const [a, b] = [await hosts.create({}, { metrics: () => others }), await hosts.create()]
  await introduce(a, b)
  await a.services.cup2py.search('0'.repeat(64))
  const ours = Object.fromEntries(
    [...read].filter(([name]) => name.startsWith('hearsay_')).map(([name, calculate]) => [name, calculate()])
  )
  expect(ours).toEqual({
    hearsay_cup2py_received_total: { update: 0, search: 0 },
    hearsay_cup2py_sent_total: { update: 0, search: 1 },
    hearsay_cup2py_dropped_total: { rate: 0, busy: 0, future: 0, floor: 0, unsupported: 0 },
    hearsay_cup2py_closed_total: { malformed: 0, forged: 0, banned: 0, crowded: 0, idle: 0 },
    hearsay_cup2py_records_total: 1,
    hearsay_cup2py_users: 1,
    hearsay_cup2py_peers: 1
  })
}, 60_000)
