/**
 * What a gossip peer of another implementation does with our nodes.
 *
 * @see docs/specs/gossip.md
 */
import { randomBytes } from 'node:crypto'
import { heardOf } from '../matrix/api-client.ts'
import { expect } from './expect.ts'
import { refuses } from './refuses.ts'
import { DATA_TYPE, ECHO_TYPE, OFFERED_TYPE, Scene } from './scene.ts'
import type { Bench } from '../matrix/bench.ts'
import type { Report } from '../matrix/peer-process.ts'
import type { Role } from './scene.ts'

export interface GossipFeature {
  name: string
  /** What it shows */
  about: string
  /** Whether it needs this role. @default both */
  role?: Role
  /** Protocols it is about. @default all */
  only?: readonly string[]
  timeout?: number
  run: (context: Context) => Promise<void>
}

export interface Context {
  bench: Bench
  protocol: string
  role: Role
  /** Flags that make our node speak the protocol */
  flags: readonly string[]
  /** Of the proof of work in the cell about that */
  gateBits: number
}

/** In ms: one proof of 24 bits in a hundred takes a slow solver so long */
const FULL_PROOF_TIMEOUT = 150_000
/** In ms, for what may never come: the check that follows tells */
const PATIENCE = 8_000
const LARGEST = 65_519

/** A peer of the final dialect, which has them all */
const G1 = '/hearsay/gossip/1.0.0'
const MIDTERM = '/hearsay/gossip-midterm/1.0.0'
const WITH_GATE = [G1, '/hearsay/gossip-p2p/1.0.0']

export const gossipFeatures: readonly GossipFeature[] = [
  {
    name: 'gate',
    about: 'a proof of work as on the real network, in the role’s direction',
    only: WITH_GATE,
    timeout: 180_000,
    run: gate
  },
  { name: 'hears', about: 'our announces: empty, binary and largest, with their ttl', run: hears },
  { name: 'speaks', about: 'its announces reach our client, each once', run: speaks },
  { name: 'ttl', about: 'ttl 1 ends there, others go on with one less, 0 as it is', run: hops },
  { name: 'once', about: 'in a triangle nobody hears anything twice', run: once },
  {
    name: 'refuses',
    about: 'early announces, wrong proofs and rubbish from strangers',
    role: 'listen',
    only: WITH_GATE,
    run: refuses
  },
  { name: 'informs', about: 'INFO: we tell it our port before our proof', role: 'listen', only: [G1], run: informs },
  { name: 'offers', about: 'DISCOVERY and OFFER, both ways', only: [G1, MIDTERM], run: offers },
  { name: 'returns', about: 'killed, and back with the same identity', timeout: 120_000, run: returns }
]

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

async function gate(context: Context): Promise<void> {
  const scene = await Scene.create({ ...context, bits: context.gateBits })
  await scene.meet({ A: [] }, ['A'], FULL_PROOF_TIMEOUT)
  const { peerId } = scene.node('A')
  // so that our verdict has reached it, whatever it makes of the announce
  const text = utf8('you are in')
  scene.client('A').announce(DATA_TYPE, text)
  await scene
    .client('A')
    .hears('an echo', ECHO_TYPE, text, PATIENCE)
    .catch(() => {})
  const ours = context.role === 'dial' ? 'inbound' : 'outbound'
  expect(`${ours} peers of our node`, scene.node('A').logged(`gossip: ${ours} peer`).length, 1)
  const direction = context.role === 'dial' ? 'outbound' : 'inbound'
  expect('whom the peer verified', (await scene.report())['verified'], [{ peer: peerId, direction }])
}

async function hears(context: Context): Promise<void> {
  const scene = await Scene.create(context)
  await scene.meet({ A: [] }, ['A'])
  const announced = samples().map((data, at) => ({ data, ttl: [0, 1, 7, 255][at % 4]! }))
  announced.forEach(({ data, ttl }) => scene.client('A').announce(DATA_TYPE, data, ttl))
  // whether it says the last one again is another cell's
  await scene
    .client('A')
    .hears('the last announce', ECHO_TYPE, announced.at(-1)!.data, PATIENCE)
    .catch(() => {})
  const report = await scene.report()
  const expected = announced.map(({ data, ttl }) => ({ ttl, ...heardOf(DATA_TYPE, data) }))
  expectHeard('what the peer heard', report, expected)

  if (context.protocol === G1) {
    expect('the ids that differ', new Set(ids(report)).size, expected.length)
  }

  expect('what the peer refused', report['refused'] ?? [], [])
}

async function speaks(context: Context): Promise<void> {
  const scene = await Scene.create(context)
  await scene.meet({ A: [] }, ['A'])
  const client = scene.client('A')
  const said = samples()

  for (const data of said) {
    client.announce(DATA_TYPE, data)
    await client.hears(`an announce of ${data.byteLength} bytes`, ECHO_TYPE, data)
  }

  const expected = said.map((data) => heardOf(ECHO_TYPE, data))
  expect('what our client heard', client.heard, expected)
  await scene.report()
}

/** A – F – B – C: what reaches whom tells what F made of the ttl */
async function hops(context: Context): Promise<void> {
  const scene = await Scene.create(context)
  await scene.meet({ A: [], B: [], C: ['B'] }, ['A', 'B'])
  const [one, two, three, all] = ['ends at F', 'ends at B', 'ends at C', 'never ends'].map(utf8) as Four
  const sent = [one, two, three, all].map((data, at) => ({ data, ttl: [1, 2, 3, 0][at]! }))
  sent.forEach((each) => scene.client('A').announce(DATA_TYPE, each.data, each.ttl))
  await scene.client('C').hears('what never ends', DATA_TYPE, all)
  // what F says again goes everywhere, and after all it passed on
  await scene.client('C').hears('what F says last', ECHO_TYPE, all)
  const heard = (name: string): string[] => sent.map(({ data }) => `${scene.client(name).times(DATA_TYPE, data)}`)
  expect('how often B heard ttl 1, 2, 3 and 0', heard('B'), ['0', '1', '1', '1'])
  expect('how often C heard ttl 1, 2, 3 and 0', heard('C'), ['0', '0', '1', '1'])
  const report = await scene.report()
  const expected = sent.map((each) => ({ ttl: each.ttl, ...heardOf(DATA_TYPE, each.data) }))
  expectHeard('what the peer heard', report, expected)
}

type Four = [Uint8Array, Uint8Array, Uint8Array, Uint8Array]

/** A, B and F, each linked to both others */
async function once(context: Context): Promise<void> {
  const scene = await Scene.create(context)
  await scene.meet({ A: [], B: ['A'] }, ['A', 'B'])
  const texts = Array.from({ length: 20 }, (_, at) => utf8(`announce ${at}`))

  for (const [at, text] of texts.entries()) {
    scene.client(at % 2 === 0 ? 'A' : 'B').announce(DATA_TYPE, text)
  }

  const last = utf8('the last of all')
  await Promise.all(texts.map(async (text) => scene.client('A').hears('an echo', ECHO_TYPE, text)))
  scene.client('A').announce(DATA_TYPE, last)
  await Promise.all(['A', 'B'].map(async (name) => scene.client(name).hears('the last', ECHO_TYPE, last)))
  const [own, echoes] = [DATA_TYPE, ECHO_TYPE].map(
    (type) => (name: string) => [...texts, last].filter((text) => scene.client(name).times(type, text) > 1).length
  ) as [(name: string) => number, (name: string) => number]
  expect('announces that A heard twice', own('A'), 0)
  expect('announces that B heard twice', own('B'), 0)
  expect('echoes that A heard twice', echoes('A'), 0)
  expect('echoes that B heard twice', echoes('B'), 0)
  const report = await scene.report()
  expect('how much the peer heard', ids(report).length, texts.length + 1)
}

async function informs(context: Context): Promise<void> {
  const scene = await Scene.create(context)
  await scene.meet({ A: [] }, ['A'])
  const { address, peerId } = scene.node('A')
  const port = Number(/\/tcp\/(\d+)/.exec(address)?.[1])
  expect('the INFO that the peer got', (await scene.report())['infos'], [{ peer: peerId, port }])
}

/** A and B know F only, which must tell them of each other; and F asks them */
async function offers(context: Context): Promise<void> {
  const flags = [...context.flags, '--search-cooldown', '1']
  const scene = await Scene.create({ ...context, flags })
  await scene.meet({ A: [], B: [] }, ['A', 'B'])
  await scene.linked('A', scene.node('B').peerId)
  const { bench } = context
  const addresses = ['A', 'B'].map((name) => utf8(scene.node(name).address))
  const told = (): boolean =>
    ['A', 'B'].some((name) => addresses.some((address) => scene.client(name).times(OFFERED_TYPE, address) > 0))
  await bench.until('the peer to say what it was offered', told)
  const { offers: offered } = await scene.report()
  const known = ['A', 'B'].map((name) => scene.node(name).address)
  const strange = (offered as string[]).filter((address) => !known.includes(address))
  expect('addresses it was offered that nobody has', strange, [])
}

async function returns(context: Context): Promise<void> {
  const scene = await Scene.create(context)
  await scene.meet({ A: [] }, ['A'])
  const client = scene.client('A')
  const [before, after] = [utf8('before'), utf8('after')]
  client.announce(DATA_TYPE, before)
  await client.hears('the echo before', ECHO_TYPE, before)
  await scene.peer.killed()
  const lost = (): boolean => scene.node('A').logged('lost peer', scene.identity.peerId).length > 0
  await context.bench.until('our node to notice', lost)
  await scene.startPeer([])
  await scene.linked('A', scene.identity.peerId, undefined, 2)
  client.announce(DATA_TYPE, after)
  await client.hears('the echo after', ECHO_TYPE, after)
  const report = await scene.report()
  expectHeard('what it heard after it came back', report, [{ ttl: 0, ...heardOf(DATA_TYPE, after) }])
}

/** Empty, text, every byte, random, and the largest there can be */
function samples(): Uint8Array[] {
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at)
  return [new Uint8Array(0), utf8('psst: 😀'), bytes, randomBytes(1_000), randomBytes(LARGEST)]
}

interface HeardByPeer {
  id: string
  ttl: number
  dataType: number
  bytes: number
  sha256: string
}

/** The order counts; a peer that cannot know the ttl leaves it out */
function expectHeard(what: string, report: Report, expected: readonly Omit<HeardByPeer, 'id'>[]): void {
  const heard = (report['heard'] as HeardByPeer[]).map(({ id: _id, ...rest }) => rest)
  const knowsTtl = heard.every((each) => each.ttl !== undefined)
  expect(what, heard, knowsTtl ? expected : expected.map(({ ttl: _ttl, ...rest }) => rest))
}

function ids(report: Report): string[] {
  return (report['heard'] as HeardByPeer[]).map(({ id }) => id)
}
