/** Every cell there is: implementation × protocol × role × feature. */
import { apiFeatures } from '../features/api.ts'
import { compositions } from '../features/composition.ts'
import { cup2pyFeatures } from '../features/cup2py.ts'
import { dhtFeatures } from '../features/dht.ts'
import { gossipFeatures } from '../features/gossip.ts'
import { kadFeatures } from '../features/kad.ts'
import { shoutFeatures } from '../features/shout.ts'
import { agrees, notices, vectorFiles } from '../features/vectors.ts'
import { idOf } from './cell.ts'
import { nodeProgram } from './implementations.ts'
import type { KeyedFeature } from '../features/keyed-peer.ts'
import type { Role } from '../features/scene.ts'
import type { GossipFeature } from '../features/gossip.ts'
import type { Cell } from './cell.ts'
import type { Implementation } from './implementations.ts'
import type { Offer } from './our-side.ts'
import type { Program } from './peer-process.ts'

/** What every user of the network proves */
const FULL_BITS = 24

const ROLES: readonly Role[] = ['dial', 'listen']

/**
 * @param offer - what our node does today: the rest is not run, with the reason
 */
export function cellsOf(implementation: Implementation, offer: Offer): Cell[] {
  return [
    ...vectorCells(implementation),
    ...gossipCells(implementation, offer),
    ...keyedCells(implementation, offer),
    ...apiCells(implementation, offer),
    ...kadCells(implementation, offer)
  ]
}

function vectorCells({ name, vectors }: Implementation): Cell[] {
  const there = vectorFiles()
  return vectors.flatMap((file) => {
    const missing = there.includes(file) ? undefined : `interop/vectors/${file} is not there`
    const base = {
      implementation: name,
      protocol: 'vectors',
      role: file.replace('.json', '').replace('/', '-'),
      missing
    }
    return [
      { ...base, feature: 'agrees', timeout: 180_000, run: async (bench) => agrees(bench, file) },
      { ...base, feature: 'notices', timeout: 180_000, run: async (bench) => notices(bench, file) }
    ] satisfies Cell[]
  })
}

function gossipCells(implementation: Implementation, offer: Offer): Cell[] {
  const { protocols, without = [], only } = implementation
  const dialects = protocols.filter((protocol) => protocol.startsWith('/hearsay/gossip'))
  return dialects.flatMap((protocol) =>
    ROLES.flatMap((role) =>
      gossipFeatures
        .filter((feature) => concerns(feature, protocol, role) && !without.includes(feature.name))
        .filter(({ name }) => only === undefined || only.includes(name))
        .map((feature) => gossipCell(implementation, protocol, role, feature, offer))
    )
  )
}

function concerns({ role, only }: GossipFeature, protocol: string, wanted: Role): boolean {
  return (role === undefined || role === wanted) && (only === undefined || only.includes(protocol))
}

function gossipCell(
  { name: implementation, gateBits = FULL_BITS }: Implementation,
  protocol: string,
  role: Role,
  { name, timeout, run }: GossipFeature,
  offer: Offer
): Cell {
  const ours = offer[protocol]
  return {
    implementation,
    protocol: protocol.split('/')[2]!,
    role,
    feature: name,
    missing: ours === undefined ? `our node does not offer ${protocol}` : undefined,
    ...(timeout === undefined ? {} : { timeout }),
    run: async (bench) => run({ bench, protocol, role, flags: ours ?? [], gateBits })
  }
}

/** Protocols whose peers have keys of their own */
const KEYED: Readonly<Record<string, readonly KeyedFeature[]>> = {
  '/hearsay/cup2py/1.0.0': cup2pyFeatures,
  '/hearsay/shout/1.0.0': shoutFeatures
}

/** Where our node does not speak it yet, a host with our package does */
function keyedCells({ name, protocols }: Implementation, offer: Offer): Cell[] {
  const host = nodeProgram('package/peer.ts')
  return protocols.flatMap((protocol) =>
    (KEYED[protocol] ?? []).map(({ name: feature, speaks = false, run }) => ({
      implementation: name,
      protocol: protocol.split('/')[2]!,
      role: speaks ? 'listen' : 'dial',
      feature,
      run: async (bench) => run({ bench, protocol, flags: speaks ? undefined : offer[protocol], host })
    }))
  )
}

function apiCells({ name, apis }: Implementation, offer: Offer): Cell[] {
  const features = { 'gossip-api': apiFeatures, 'dht-api': dhtFeatures }
  const missing = { 'gossip-api': undefined, 'dht-api': offer['dht-api'] ? undefined : 'our node has no DHT API' }
  return apis.flatMap((protocol) =>
    features[protocol].map(({ name: feature, run }) => ({
      implementation: name,
      protocol,
      role: 'client',
      feature,
      timeout: API_TIMEOUT,
      missing: missing[protocol],
      run
    }))
  )
}

function kadCells({ name, kad }: Implementation, offer: Offer): Cell[] {
  const absent = offer['dht-api'] === undefined ? 'our node has no DHT API' : undefined
  const missing = typeof kad === 'object' ? kad.missing : absent
  return (kad === undefined ? [] : kadFeatures).map(({ name: feature, run }) => ({
    implementation: name,
    protocol: 'kad-dht',
    role: 'dial',
    feature,
    timeout: API_TIMEOUT,
    missing,
    run
  }))
}

/** In ms: some wait for values to leave */
const API_TIMEOUT = 180_000

/**
 * Networks of ours and of all others that there are
 *
 * @param programOf - what can be run of an implementation
 */
export function compositionCell(names: readonly string[], programOf: (name: string) => Program | undefined): Cell {
  return {
    implementation: 'mixed',
    protocol: 'composition',
    role: 'twenty',
    feature: 'same',
    timeout: COMPOSITION_TIMEOUT,
    run: async (bench) => {
      const there = names.filter((name) => programOf(name) !== undefined)
      bench.figure(`foreign are ${there.join(', ')}`)
      await compositions(
        bench,
        there.map((name) => programOf(name)!),
        nodeProgram('package/peer.ts')
      )
    }
  }
}

/** In ms: four networks of twenty programs */
const COMPOSITION_TIMEOUT = 600_000

/** @throws {Error} when two have one name */
export function checkNames(cells: readonly Cell[]): void {
  const ids = cells.map(idOf)
  const twice = ids.find((id, at) => ids.indexOf(id) !== at)

  if (twice !== undefined) {
    throw new Error(`two cells are called ${twice}`)
  }
}
