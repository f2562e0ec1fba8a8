import { createHash } from 'node:crypto'
import { gossip } from '@hearsay/protocol-gossip'
import { prometheusMetrics } from '@libp2p/prometheus-metrics'
import { Registry } from 'prom-client'
import { newHost } from './host.ts'
import type { DialectName, Gossip } from '@hearsay/protocol-gossip'
import type { Settings } from '../node/settings.ts'

interface Report {
  peerId: string
  verified: { peer: string; direction: string }[]
  heard: { id: string; dataType: number; bytes: number; sha256: string }[]
  /** How often it was told what it had heard */
  copies: number
}

/** @returns what makes the report */
export async function startGossip(settings: Settings): Promise<() => Promise<Report>> {
  const { dial, bits, dataType, protocol } = settings
  const registry = new Registry()
  const dialects = [protocol.split('/')[2] as DialectName]
  const options = {
    dialects,
    difficultyBits: bits,
    knownPeers: dial,
    fromConnections: false,
    searchCooldown: 3_600_000
  }
  const host = await newHost(settings, { gossip: gossip(options) }, { metrics: prometheusMetrics({ registry }) })
  const report: Report = { peerId: host.peerId.toString(), verified: [], heard: [], copies: 0 }
  listenTo(host.services.gossip, dataType, report)
  await host.start()
  return async () => ({ ...report, copies: await copies(registry) })
}

function listenTo(service: Gossip, dataType: number, report: Report): void {
  service.subscribe(dataType, () => true)
  service.addEventListener('peer:verified', ({ detail: { peer, direction } }) => {
    report.verified.push({ peer, direction })
    console.error(`verified ${peer}`)
  })
  service.addEventListener('message', ({ detail: { id, data, ...rest } }) => {
    const sha256 = createHash('sha256').update(data).digest('hex')
    report.heard.push({ id: id.toString(16), dataType: rest.dataType, bytes: data.length, sha256 })
    console.error(`heard ${id.toString(16)}`)
    service.announce(dataType + 1, data)
  })
}

async function copies(registry: Registry): Promise<number> {
  const all = await registry.getSingleMetricAsString('hearsay_gossip_announces_total')
  return Number(/fate="duplicate"[^}]*\} (\d+)/.exec(all)?.[1] ?? 0)
}
