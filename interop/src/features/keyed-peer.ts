/** Peers of protocols whose users have RSA keys: what is between them can be seen from outside. */
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { newPlace } from './place.ts'
import type { Bench } from '../matrix/bench.ts'
import type { PeerProcess, Program } from '../matrix/peer-process.ts'
import type { Place } from './place.ts'

export interface KeyedFeature {
  name: string
  about: string
  /** Whether it needs a host of ours that speaks by itself, which our node does not. @default false */
  speaks?: boolean
  run: (context: KeyedContext) => Promise<void>
}

export interface KeyedContext {
  bench: Bench
  protocol: string
  /** Flags that make our node speak the protocol; without them, a host with our package is ours */
  flags: readonly string[] | undefined
  /** Such a host */
  host: Program
}

/** A program with a key of its own */
export interface KeyedPeer {
  process: PeerProcess
  /** Where others dial it */
  address: string
}

const KEY_BITS = 2_048

type Settings = Readonly<Record<string, string>>

/** A node of ours that speaks the protocol, or a host with our package: where it can be dialled */
export async function ours(context: KeyedContext): Promise<string> {
  const { bench, flags } = context
  return flags === undefined ? (await ourHost(context, [])).address : (await bench.node('A', { flags })).address
}

/**
 * A host with our package and a new key, linked to these addresses.
 *
 * @param settings - what else it is told, `PEER_…` without the prefix
 * @param place - by default a new one
 */
export async function ourHost(
  context: KeyedContext,
  dial: readonly string[],
  settings: Settings = {},
  place?: Place
): Promise<KeyedPeer> {
  return started(context, { name: 'ours', program: context.host, place: place ?? (await newPlace()) }, dial, settings)
}

/** The same of the other implementation */
export async function keyedPeer(
  context: KeyedContext,
  dial: readonly string[],
  settings: Settings = {}
): Promise<KeyedPeer> {
  return started(context, { name: 'peer', program: undefined, place: await newPlace() }, dial, settings)
}

async function started(
  { bench, protocol }: KeyedContext,
  { name, program, place }: { name: string; program: Program | undefined; place: Place },
  dial: readonly string[],
  settings: Settings
): Promise<KeyedPeer> {
  const { seed, listen, address } = place
  const port = Number(listen.split('/').at(-1))
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: KEY_BITS })
  const path = bench.file(`${port}.pem`)
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  const common = { TASK: 'peer', PROTOCOL: protocol, SEED: seed, LISTEN: listen, DIAL: dial.join(',') }
  const rest = { DIFFICULTY_BITS: '0', DATA_TYPE: '0', KEY: path }
  const process = bench.peer(name, { ...common, ...rest, ...settings }, program)
  await process.listens(port)
  return { process, address }
}
