/** What a plain program on the DHT API of nodes of ours does: PUT 650, GET 651, and the answers 652 and 653. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { expect } from './expect.ts'
import { FEW_BITS } from './scene.ts'
import type { Bench } from '../matrix/bench.ts'
import type { ApiFeature } from './api.ts'

export const dhtFeatures: readonly ApiFeature[] = [
  { name: 'stores', about: 'PUT at one node, GET at another: text, every byte, the largest', run: stores },
  { name: 'fails', about: 'GET of what nobody stored: FAILURE, and answers in the order of the questions', run: fails },
  { name: 'expires', about: 'a value is gone after its ttl', run: expires }
]

const LARGEST = 65_495
/** In s */
const [LONG, SHORT] = [300, 10]
const COPIES = 2
/** In ms, for one program with its steps */
const TIMEOUT = 60_000
/** In ms, for a value to arrive, and to leave */
const SETTLED = 40_000

type Step = ['put', string, string, number, number] | ['get', string]

interface Answer {
  name: string
  keyHex: string
  valueHex?: string
}

/** Two nodes of ours; the last is asked for what was given to the first */
async function nodes(bench: Bench): Promise<{ dhtApi: string }[]> {
  const flags = ['--search-cooldown', '3600', '--difficulty-bits', String(FEW_BITS)]
  const first = await bench.node('A', { flags })
  const last = await bench.node('B', { flags, peers: [first.address] })
  await bench.until('the nodes to meet', () => last.logged('outbound peer').length === 1)
  return [first, last]
}

async function program(bench: Bench, api: string, steps: readonly Step[]): Promise<Answer[]> {
  const path = bench.file('steps.json')
  writeFileSync(path, JSON.stringify(steps))
  const peer = bench.peer('client', { TASK: 'dht-api', API: api, STEPS: path })
  return (await peer.result(TIMEOUT))['answers'] as Answer[]
}

async function stores(bench: Bench): Promise<void> {
  const [a, b] = await nodes(bench)
  const bytes = Buffer.from(Uint8Array.from({ length: 256 }, (_, at) => at))

  for (const value of [Buffer.from('psst: 😀'), bytes, randomBytes(LARGEST)]) {
    const [keyHex, valueHex] = [newKey(), value.toString('hex')]
    await program(bench, a!.dhtApi, [['put', keyHex, valueHex, LONG, COPIES]])
    await answers(bench, b!.dhtApi, { name: 'success', keyHex, valueHex })
  }
}

async function fails(bench: Bench): Promise<void> {
  const [a] = await nodes(bench)
  const [known, one, other] = [newKey(), newKey(), newKey()]
  await program(bench, a!.dhtApi, [['put', known, '01', LONG, COPIES]])
  await answers(bench, a!.dhtApi, { name: 'success', keyHex: known, valueHex: '01' })
  const found = await program(
    bench,
    a!.dhtApi,
    [one, known, other].map((key) => ['get', key])
  )
  expect('the answers', found, [
    { name: 'failure', keyHex: one },
    { name: 'success', keyHex: known, valueHex: '01' },
    { name: 'failure', keyHex: other }
  ])
}

async function expires(bench: Bench): Promise<void> {
  const [a, b] = await nodes(bench)
  const keyHex = newKey()
  await program(bench, a!.dhtApi, [['put', keyHex, '01', SHORT, COPIES]])
  await answers(bench, a!.dhtApi, { name: 'success', keyHex, valueHex: '01' })
  await answers(bench, a!.dhtApi, { name: 'failure', keyHex })
  await answers(bench, b!.dhtApi, { name: 'failure', keyHex })
}

/** Asks until it is so: PUT has no answer that would tell when */
async function answers(bench: Bench, api: string, wanted: Answer): Promise<void> {
  const deadline = performance.now() + SETTLED
  let found = await program(bench, api, [['get', wanted.keyHex]])

  while (found[0]?.name !== wanted.name && performance.now() < deadline) {
    found = await program(bench, api, [['get', wanted.keyHex]])
  }

  expect('the answer', found, [wanted])
}

function newKey(): string {
  return randomBytes(32).toString('hex')
}
