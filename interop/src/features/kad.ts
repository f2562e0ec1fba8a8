/**
 * The DHT between nodes of ours and kad-dht of another implementation: what is put on one is got on another.
 *
 * @see docs/specs/dht.md
 */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { expect } from './expect.ts'
import { newPlace } from './place.ts'
import { FEW_BITS } from './scene.ts'
import type { Bench } from '../matrix/bench.ts'
import type { PeerProcess } from '../matrix/peer-process.ts'
import type { HearsayProcess } from '../three-nodes/hearsay-process.ts'
import type { ApiFeature } from './api.ts'

export const kadFeatures: readonly ApiFeature[] = [
  { name: 'puts', about: 'what it signs and puts is got through the API of our node', run: puts },
  { name: 'gets', about: 'what is put through the API of our node it gets', run: gets },
  { name: 'keeps', about: 'it keeps what our node put, for another of ours when that node is gone', run: keeps },
  { name: 'forges', about: 'what it puts and did not sign for that key our nodes do not take', run: forges }
]

/** In s */
const TTL = 600
/** In ms, for the DHT to know its nodes, and a value to be where it belongs */
const PATIENCE = 90_000
const TWO = 2

type Step = ['put', string, string, number, number] | ['get', string]

async function node(bench: Bench, name: string, peers: readonly string[]): Promise<HearsayProcess> {
  const flags = ['--search-cooldown', '3600', '--difficulty-bits', String(FEW_BITS)]
  return bench.node(name, { flags, peers })
}

/** @param settings - `PEER_…` besides the contract's, without the prefix */
async function foreign(
  bench: Bench,
  dial: readonly string[],
  steps: readonly Step[],
  settings: Readonly<Record<string, string>> = {}
): Promise<{ process: PeerProcess; address: string }> {
  const { seed, listen, address } = await newPlace()
  const path = bench.file(`steps-${listen.split('/').at(-1)}.json`)
  writeFileSync(path, JSON.stringify(steps))
  const own = { TASK: 'kad', PROTOCOL: '/hearsay/kad/1.0.0', SEED: seed, LISTEN: listen, DIAL: dial.join(',') }
  const process = bench.peer('kad', { ...own, DIFFICULTY_BITS: '0', DATA_TYPE: '0', STEPS: path, ...settings })
  await process.listens(Number(listen.split('/').at(-1)))
  return { process, address }
}

function sample(): { key: Buffer; value: Buffer } {
  return { key: randomBytes(32), value: randomBytes(1_000) }
}

/** Asks the node until it has this value: PUT has no answer that would tell when */
async function has(bench: Bench, { dhtApi }: HearsayProcess, key: Buffer, value: Buffer): Promise<void> {
  const client = bench.dhtClient(dhtApi)
  const deadline = performance.now() + PATIENCE
  let found = await client.get(key)

  while (found === undefined && performance.now() < deadline) {
    found = await client.get(key)
  }

  expect('what our node has under the key', found?.toString('hex'), value.toString('hex'))
}

async function puts(bench: Bench): Promise<void> {
  const { key, value } = sample()
  const a = await node(bench, 'A', [])
  const peer = await foreign(bench, [a.address], [['put', key.toString('hex'), value.toString('hex'), TTL, TWO]])
  await has(bench, a, key, value)
  expect('what it refused', (await peer.process.end())['refused'], [])
}

async function gets(bench: Bench): Promise<void> {
  const { key, value } = sample()
  const [keyHex, valueHex] = [key.toString('hex'), value.toString('hex')]
  const a = await node(bench, 'A', [])
  bench.dhtClient(a.dhtApi).put(key, value, TTL, 1)
  await has(bench, a, key, value)
  const peer = await foreign(bench, [a.address], [['get', keyHex]])
  await bench.until('it to find the value', () => peer.process.logged('found') > 0, PATIENCE)
  expect('its answers', (await peer.process.end())['answers'], [{ name: 'success', keyHex, valueHex }])
}

async function keeps(bench: Bench): Promise<void> {
  const { key, value } = sample()
  const a = await node(bench, 'A', [])
  const peer = await foreign(bench, [a.address], [])
  const client = bench.dhtClient(a.dhtApi)
  const deadline = performance.now() + PATIENCE

  // until they know each other a PUT is kept by the node itself
  while (peer.process.logged('stores') === 0 && performance.now() < deadline) {
    client.put(key, value, TTL, TWO)
    await bench.settle(3_000)
  }

  a.kill()
  const b = await node(bench, 'B', [peer.address])
  await has(bench, b, key, value)
  expect('what it refused', (await peer.process.end())['refused'], [])
}

/** A right one that is put after it shows that there was time for the wrong one */
async function forges(bench: Bench): Promise<void> {
  const [wrong, right] = [sample(), sample()]
  const put = ({ key, value }: { key: Buffer; value: Buffer }): Step => [
    'put',
    key.toString('hex'),
    value.toString('hex'),
    TTL,
    TWO
  ]
  const a = await node(bench, 'A', [])
  const forger = await foreign(bench, [a.address], [put(wrong)], { FORGES: '1' })
  await bench.until('it to put', () => forger.process.logged('put') > 0, PATIENCE)
  const honest = await foreign(bench, [a.address], [put(right)])
  await has(bench, a, right.key, right.value)
  await Promise.all([forger.process.end(), honest.process.end()])
  const found = await bench.dhtClient(a.dhtApi).get(wrong.key)
  expect('what our node has of the forged one', found, undefined)
}
