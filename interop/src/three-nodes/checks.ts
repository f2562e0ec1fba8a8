/**
 * What three nodes in a line must show, in this order.
 *
 * @see docs/specs/gossip.md
 */
import { setTimeout as delay } from 'node:timers/promises'
import { malformed } from './malformed.ts'
import { announce, NOTIFY, RawClient } from './raw-client.ts'
import { peerAnnounce, Stranger } from './stranger.ts'
import type { Line, NodeName } from './line.ts'

export interface Check {
  name: string
  /** @throws {Error} when it is not so */
  run: (line: Line) => Promise<void>
}

/** In ms, in which a node would have passed on what it must not pass on */
const QUIET = 500
/** In ms, on loopback */
const DELIVERY_TIMEOUT = 10_000
/** In ms */
const SHUTDOWN_TIMEOUT = 2_000

export const checks: readonly Check[] = [
  { name: 'three nodes start on free ports', run: threeNodesStart },
  { name: 'they form a line, each link behind a proof of work of 24 bits', run: lineForms },
  { name: "C's client hears an announce of A's once, and only after B's client said it is valid", run: validated },
  { name: "what B's client calls invalid does not reach C", run: refused },
  { name: 'ttl 1 ends at B', run: ttlEnds },
  { name: 'a malformed API frame closes only its client, and the log says why', run: malformedFrames },
  { name: 'a peer that announces before its proof is cut off, and refused when it comes back', run: stranger },
  { name: 'B is killed, and comes back on its ports with its identity', run: restart },
  { name: "the line heals: A's announce reaches C's client again", run: heals },
  { name: 'all the while nobody heard anything else, and A and C never met', run: nothingElse },
  { name: 'SIGTERM ends each node within 2 s, with exit code 0', run: shutdown }
]

async function threeNodesStart(line: Line): Promise<void> {
  await line.start('A')
  await line.start('B', 'A')
  await line.start('C', 'B')

  for (const name of ['A', 'B', 'C'] as const) {
    await line.connect(name)
  }
}

async function lineForms(line: Line): Promise<void> {
  const began = performance.now()
  await linked(line, 'B', 'A')
  await linked(line, 'C', 'B')
  line.say(`two proofs of work later, ${seconds(performance.now() - began)} s`)
}

async function validated(line: Line): Promise<void> {
  const text = 'have you heard?'
  await announced(line, text)
  await delay(QUIET)
  expectHeard(line, 'C', text, 0)
  line.say(`B's client has it; ${QUIET} ms later C's has not`)
  const saidAt = performance.now()
  line.client('B').validate(text, true)
  await reachesC(line, text)
  line.say(`C's client has it ${Math.round(line.client('C').heard(text)[0]!.at - saidAt)} ms after V=1`)
  await settled(line)
  expectHeard(line, 'B', text, 1)
  expectHeard(line, 'C', text, 1)
}

async function refused(line: Line): Promise<void> {
  const text = 'a lie'
  await announced(line, text)
  line.client('B').validate(text, false)
  await settled(line)
  expectHeard(line, 'C', text, 0)
}

async function ttlEnds(line: Line): Promise<void> {
  const text = 'for neighbours'
  await announced(line, text, 1)
  line.client('B').validate(text, true)
  await settled(line)
  expectHeard(line, 'B', text, 1)
  expectHeard(line, 'C', text, 0)
}

async function malformedFrames(line: Line): Promise<void> {
  const { api } = line.node('B')

  for (const { what, bytes } of malformed) {
    const name = `a client that sends ${what}`
    const client = await RawClient.connect({ name, api, agreeing: true, signal: line.signal })
    client.send(Buffer.concat([NOTIFY, bytes]))
    await line.until(`B to close ${name}`, () => client.isClosed, DELIVERY_TIMEOUT)
    const why = (): string | undefined => line.node('B').logged('closed', client.address)[0]
    await line.until(`B's log to say why it closed ${name}`, () => why() !== undefined, DELIVERY_TIMEOUT)
    line.say(`${what}: ${why()}`)
  }

  for (const name of ['A', 'B', 'C'] as const) {
    expect(`whether the client of ${name} is still connected`, !line.client(name).isClosed, true)
  }

  await settled(line)
}

async function stranger(line: Line): Promise<void> {
  const text = 'from a stranger'
  const { address } = line.node('B')
  const [rude, polite] = await Promise.all([Stranger.create(line.signal), Stranger.create(line.signal)])

  try {
    const visit = await rude.visit(address)
    await visit.challenged()
    visit.send(peerAnnounce(text))
    await visit.cutOff()
    await visit.leave()
    line.say('cut off after its announce')
    const again = await rude.visit(address)
    await again.cutOff()
    expect('the bytes it gets when it comes back', again.bytes.toString('hex'), '')
    line.say('cut off without a challenge when it comes back')
    const other = await polite.visit(address)
    await other.challenged()
    await delay(QUIET)
    expect('whether one that keeps quiet is cut off', other.isCutOff, false)
    line.say('another one is challenged, and left in peace')
  } finally {
    await Promise.all([rude.stop(), polite.stop()])
  }

  await settled(line)
  expectHeard(line, 'B', text, 0)
}

async function restart(line: Line): Promise<void> {
  const { peerId, address, api } = line.node('B')
  const { signal } = await line.node('B').end('SIGKILL')
  expect('the signal that ended B', signal, 'SIGKILL')

  for (const name of ['A', 'C'] as const) {
    const noticed = (): boolean => line.node(name).logged('lost peer', peerId).length > 0
    await line.until(`${name} to notice`, noticed, DELIVERY_TIMEOUT)
  }

  line.say('killed; A and C noticed')
  const again = await line.start('B', 'A')
  await line.connect('B')
  expect('the peer id of B', again.peerId, peerId)
  expect('the address of B', again.address, address)
  expect('the gossip API of B', again.api, api)
}

async function heals(line: Line): Promise<void> {
  const text = 'are you still there?'
  const began = performance.now()
  await linked(line, 'B', 'A', [1, 2])
  await linked(line, 'C', 'B', [2, 1])
  line.say(`linked again after ${seconds(performance.now() - began)} s`)
  await announced(line, text)
  line.client('B').validate(text, true)
  await reachesC(line, text)
  await settled(line)
}

async function nothingElse(line: Line): Promise<void> {
  const heard = line.client('C').notifications.map(({ text }) => text)
  expect("what C's client heard", heard.join(', '), line.passedOn.join(', '))
  expect("what A's client heard, which announced it all", line.client('A').notifications.length, 0)
  expect('the lines about C in the log of A', line.node('A').logged(line.node('C').peerId).length, 0)
  expect('the lines about A in the log of C', line.node('C').logged(line.node('A').peerId).length, 0)
  line.say(`C's client heard ${heard.length} announces, each once`)
}

async function shutdown(line: Line): Promise<void> {
  for (const name of ['C', 'B', 'A'] as const) {
    const { code, signal, took } = await line.node(name).end('SIGTERM')
    line.say(`${name} ended after ${Math.round(took)} ms with ${signal ?? `exit code ${code}`}`)
    expect(`the exit code of ${name}`, code, 0)
    expect(`whether ${name} ended within ${SHUTDOWN_TIMEOUT} ms`, took <= SHUTDOWN_TIMEOUT, true)
  }
}

/** Both logs say that the peer which dialled passed the other's gate; so many times, for one of the two may be new */
async function linked(line: Line, dialler: NodeName, acceptor: NodeName, [outbound, inbound] = [1, 1]): Promise<void> {
  const [from, to] = [line.node(dialler), line.node(acceptor)]
  await line.until(
    `${dialler} and ${acceptor} to verify each other`,
    () =>
      from.logged('outbound peer', to.peerId).length >= outbound &&
      to.logged('inbound peer', from.peerId).length >= inbound
  )
}

/** A's client announces, and B's client is asked about it */
async function announced(line: Line, text: string, ttl = 0): Promise<void> {
  line.client('A').send(announce(ttl, text))
  const asked = (): boolean => line.client('B').heard(text).length > 0
  await line.until(`B's client to be notified of "${text}"`, asked, DELIVERY_TIMEOUT)
}

async function reachesC(line: Line, text: string): Promise<void> {
  line.passedOn.push(text)
  const notified = (): boolean => line.client('C').heard(text).length > 0
  await line.until(`C's client to be notified of "${text}"`, notified, DELIVERY_TIMEOUT)
}

/** One more announce goes all the way: streams keep order, so what was before it has arrived, or never will */
async function settled(line: Line): Promise<void> {
  const text = `marker ${line.passedOn.length}`
  await announced(line, text)
  line.client('B').validate(text, true)
  await reachesC(line, text)
}

function expectHeard(line: Line, name: NodeName, text: string, times: number): void {
  expect(`how often the client of ${name} heard "${text}"`, line.client(name).heard(text).length, times)
}

function expect(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) {
    throw new Error(`${what} is ${JSON.stringify(actual)}, and must be ${JSON.stringify(expected)}`)
  }
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1)
}
