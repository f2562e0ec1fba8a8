import { NoRouteError, WhisperTimeoutError } from '@hearsay/protocol-shout'
import { seededRandom } from '@hearsay/protocol-core/pure'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, heard, Hosts, peered, until } from './hosts.ts'
import type { ShoutMessage, WhisperMode } from '@hearsay/protocol-shout'
import type { ShoutHost } from './hosts.ts'

const NODES = 50
const LIMIT = 8
const WHISPERS = 100
/** Making fifty keys takes 5 s of two cores */
const PATIENCE = 240_000

/** Fifty hosts that are told apart by their place in the list, and what each was whispered */
class Fifty {
  readonly hosts = new Hosts()
  all: ShoutHost[] = []
  heard: ShoutMessage[][] = []

  async start(limit: number, edges: [number, number][]): Promise<void> {
    // no announcements are followed: who is connected to whom stays as it is made here
    this.all = await this.hosts.many(NODES, { limit, autoDial: false, compression: [], handshakeTimeout: 60_000 })
    this.heard = this.all.map((host) => heard(host, 'whisper'))

    for (const [from, to] of edges) {
      await connect(this.all[from]!, this.all[to]!)
    }

    await Promise.all(this.all.map(async (host, i) => peered(edges.filter((edge) => edge.includes(i)).length, host)))
    await this.everybodyKnows()
  }

  /** All have heard one another's announcement: a SHOUT comes behind it */
  private async everybodyKnows(): Promise<void> {
    this.all.forEach((host) => host.services.shout.announce())
    const shouts = this.all.map((host) => heard(host, 'shout'))
    await Promise.all(this.all.map(async (host) => host.services.shout.shout('here')))
    await until(() => shouts.every((each) => each.length === NODES - 1), 60_000)
  }

  keyOf(i: number): Uint8Array {
    return this.all[i]!.services.shout.publicKey
  }

  /** @returns how many were acknowledged, and the names of the errors of the others */
  async whisper(
    pairs: [number, number][],
    mode: WhisperMode
  ): Promise<{ delivered: number; errors: string[]; slowest: number }> {
    const before = this.heard.map(({ length }) => length)
    const errors: string[] = []
    let slowest = 0

    for (const [from, to] of pairs) {
      const start = performance.now()
      await this.all[from]!.services.shout.whisper(this.keyOf(to), [from, to], { mode }).catch((err: Error) =>
        errors.push(err.name)
      )
      slowest = Math.max(slowest, performance.now() - start)
    }

    const delivered = this.heard.flatMap((each, i) => each.slice(before[i])).length
    return { delivered, errors, slowest }
  }
}

const random = seededRandom(5)

function distinctPair(isWanted: (from: number, to: number) => boolean): [number, number] {
  for (;;) {
    const [from, to] = [random.below(NODES), random.below(NODES)]

    if (from !== to && isWanted(from, to)) {
      return [from, to]
    }
  }
}

describe('whispers in a random mesh of fifty', () => {
  const fifty = new Fifty()
  const edges = meshEdges()
  const areNeighbours = (a: number, b: number): boolean =>
    edges.some(([from, to]) => (from === a && to === b) || (from === b && to === a))
  beforeAll(async () => fifty.start(LIMIT, edges), PATIENCE)
  afterAll(async () => fifty.hosts.stop(), PATIENCE)

  it.each<[WhisperMode, boolean]>([
    ['direct', true],
    ['recursive', false],
    ['iterative', false]
  ])('are delivered and acknowledged, %s', { timeout: PATIENCE }, async (mode, neighbours) => {
    const pairs = Array.from({ length: WHISPERS }, () => distinctPair((a, b) => areNeighbours(a, b) === neighbours))
    const { delivered, errors, slowest } = await fifty.whisper(pairs, mode)
    expect(errors.length).toBeLessThanOrEqual(WHISPERS / 100)
    expect(errors.every((name) => ['NoRouteError', 'WhisperTimeoutError'].includes(name))).toBe(true)
    expect(delivered).toBeGreaterThanOrEqual(WHISPERS - errors.length)
    expect(slowest).toBeLessThan(11_000)
  })

  it('end in an error when the receiver is gone', { timeout: 30_000 }, async () => {
    const [gone] = fifty.all.splice(NODES - 1, 1)
    const key = gone!.services.shout.publicKey
    await gone!.stop()
    const start = performance.now()
    const failure = await fifty.all[0]!.services.shout.whisper(key, 'anybody?').catch((err: unknown) => err)
    expect([NoRouteError, WhisperTimeoutError].some((kind) => failure instanceof kind)).toBe(true)
    expect(performance.now() - start).toBeLessThan(11_000)
  })
})

describe('whispers along a line of fifty', () => {
  const fifty = new Fifty()
  const line = Array.from({ length: NODES - 1 }, (_, i): [number, number] => [i, i + 1])
  beforeAll(async () => fifty.start(1, line), PATIENCE)
  afterAll(async () => fifty.hosts.stop(), PATIENCE)

  it('are delivered and acknowledged, iteratively', { timeout: PATIENCE }, async () => {
    const pairs = Array.from({ length: WHISPERS }, () => distinctPair((a, b) => Math.abs(a - b) > 1))
    const { delivered, errors } = await fifty.whisper([[0, NODES - 1], ...pairs.slice(1)], 'iterative')
    expect(errors.length).toBeLessThanOrEqual(WHISPERS / 100)
    expect(delivered).toBeGreaterThanOrEqual(WHISPERS - errors.length)
  })
})

/** Each opens as many streams as it may, to others it is not connected with */
function meshEdges(): [number, number][] {
  const edges = new Map<string, [number, number]>()

  for (let from = 0; from < NODES; from++) {
    for (let opened = 0; opened < LIMIT;) {
      const to = random.below(NODES)
      const name = [from, to].toSorted((a, b) => a - b).join(' ')

      if (to !== from && !edges.has(name)) {
        edges.set(name, [from, to])
        opened++
      }
    }
  }

  return [...edges.values()]
}
