/**
 * What a plain program on the gossip API of a node of ours does.
 *
 * @see docs/specs/gossip.md#api
 */
import { randomBytes } from 'node:crypto'
import { heardOf } from '../matrix/api-client.ts'
import { expect } from './expect.ts'
import { DATA_TYPE, ECHO_TYPE, FEW_BITS } from './scene.ts'
import type { ApiClient } from '../matrix/api-client.ts'
import type { Bench } from '../matrix/bench.ts'
import type { PeerProcess } from '../matrix/peer-process.ts'

export interface ApiFeature {
  name: string
  about: string
  run: (bench: Bench) => Promise<void>
}

export const apiFeatures: readonly ApiFeature[] = [
  { name: 'notified', about: '501, 502: subscribes byte by byte, and hears empty, binary and largest', run: notified },
  { name: 'validates', about: '503: what it calls invalid goes no further', run: validates },
  { name: 'announces', about: '500: what it says reaches clients of other nodes', run: announces }
]

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const LARGEST = 65_519

/** Nodes A – B – C of ours, our clients at A and C, and the other program at B */
interface Line {
  a: ApiClient
  c: ApiClient
  program: PeerProcess
}

async function line(bench: Bench): Promise<Line> {
  const flags = ['--search-cooldown', '3600', '--difficulty-bits', String(FEW_BITS)]
  const [nodeA, nodeC] = [await bench.node('A', { flags }), await bench.node('C', { flags })]
  const nodeB = await bench.node('B', { flags, peers: [nodeA.address, nodeC.address] })
  await bench.until('the line', () => nodeB.logged('outbound peer').length === 2)
  const types = [DATA_TYPE, ECHO_TYPE]
  const [a, c] = [bench.client(nodeA, types), bench.client(nodeC, types)]
  // without a subscriber at B nothing is passed on, and the program subscribes when it wants to
  bench.client(nodeB, [ECHO_TYPE])
  const program = bench.peer('client', { TASK: 'api', API: nodeB.api, DATA_TYPE: String(DATA_TYPE) })
  await subscribed(bench, a)
  return { a, c, program }
}

/** Asks until it answers: nothing tells a client of A that one of B has subscribed */
async function subscribed(bench: Bench, a: ApiClient): Promise<void> {
  let tries = 0
  const heard = (): boolean =>
    Array.from({ length: tries }, (_, at) => greeting(at)).some((each) => a.times(ECHO_TYPE, each) > 0)

  while (!heard()) {
    const hello = greeting(tries++)
    a.announce(DATA_TYPE, hello)
    await a.hears('the program', ECHO_TYPE, hello, 1_000).catch(() => {})
    bench.signal.throwIfAborted()
  }
}

function greeting(at: number): Uint8Array {
  return utf8(`hello ${at}`)
}

async function notified(bench: Bench): Promise<void> {
  const { a, program } = await line(bench)
  const samples = [new Uint8Array(0), randomBytes(1_000), randomBytes(LARGEST)]
  samples.forEach((data) => a.announce(DATA_TYPE, data))
  await a.hears('the last', ECHO_TYPE, samples.at(-1)!).catch(() => {})
  const expected = samples.map((data) => ({ ...heardOf(DATA_TYPE, data), valid: true }))
  expect('what the program heard', (await heardBy(program)).slice(-samples.length), expected)
}

async function validates(bench: Bench): Promise<void> {
  const { a, c, program } = await line(bench)
  const [yes, no, last] = [utf8('yes'), utf8('no, never'), utf8('yes, and last')] as const
  ;[yes, no, last].forEach((data) => a.announce(DATA_TYPE, data))
  await c.hears('the last', DATA_TYPE, last)
  expect(
    'how often C heard each',
    [yes, no, last].map((data) => c.times(DATA_TYPE, data)),
    [1, 0, 1]
  )
  const verdicts = (await heardBy(program)).slice(-3).map(({ valid }) => valid)
  expect('what the program said of each', verdicts, [true, false, true])
}

async function announces(bench: Bench): Promise<void> {
  const { a, c, program } = await line(bench)
  const samples = [new Uint8Array(0), utf8('psst: 😀'), randomBytes(LARGEST)]
  samples.forEach((data) => a.announce(DATA_TYPE, data))
  await Promise.all([a, c].map(async (client) => client.hears('the last', ECHO_TYPE, samples.at(-1)!)))
  const times = (client: ApiClient): number[] => samples.map((data) => client.times(ECHO_TYPE, data))
  expect('how often A heard each', times(a), [1, 1, 1])
  expect('how often C heard each', times(c), [1, 1, 1])
  await program.end()
}

interface HeardByProgram {
  dataType: number
  bytes: number
  sha256: string
  valid: boolean
}

async function heardBy(program: PeerProcess): Promise<HeardByProgram[]> {
  return (await program.end())['heard'] as HeardByProgram[]
}
