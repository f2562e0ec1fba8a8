/**
 * Networks of twenty peers, of which a part is of other implementations: what is announced must reach as many, and come
 * as often twice, whoever they are.
 *
 * @see docs/specs/gossip.md#spreading
 */
import { heardOf } from '../matrix/api-client.ts'
import { expect } from './expect.ts'
import { newPlace } from './place.ts'
import { DATA_TYPE, FEW_BITS } from './scene.ts'
import type { Bench } from '../matrix/bench.ts'
import type { PeerProcess, Program, Report } from '../matrix/peer-process.ts'

/** Percent of foreign peers */
const SHARES = [0, 25, 50, 100] as const
const PEERS = 20
/** Each is linked to the ones so many places before and behind it, in a ring: four neighbours, as an announce goes to */
const STEPS = [1, 6] as const
/** Those that our node, which says everything, is linked to */
const NEXT_TO_SOURCE = [0, 10] as const
const ANNOUNCES = 50
/** In points of a percentage */
const TOLERANCE = 1
/** In ms: twenty programs start at once */
const START_TIMEOUT = 240_000
/** In ms, for the last announce to reach everybody */
const SPREAD_TIMEOUT = 120_000
/** In ms, for what those say who heard it last */
const LAST_COPIES = 3_000
const PROTOCOL = '/hearsay/gossip/1.0.0'

/** In percent */
export interface Outcome {
  share: number
  /** Announces heard, of those that could be */
  delivered: number
  /** Copies of what was known, of all that came */
  copies: number
}

/** @param foreign - programs of other implementations, which take turns. @param own - our package */
export async function compositions(bench: Bench, foreign: readonly Program[], own: Program): Promise<void> {
  const outcomes: Outcome[] = []

  for (const share of SHARES) {
    const outcome = await runNetwork(bench, share, programsOf(share, foreign, own))
    const { delivered, copies } = outcome
    bench.figure(
      `${share} % foreign: ${delivered.toFixed(2)} % delivered, ${copies.toFixed(2)} % of what came were copies`
    )
    outcomes.push(outcome)
  }

  checkOutcomes(outcomes)
}

/** @throws {Error} when they differ by more than one point, or ours among themselves lose something */
export function checkOutcomes(outcomes: readonly Outcome[]): void {
  for (const name of ['delivered', 'copies'] as const) {
    const values = outcomes.map((outcome) => outcome[name])
    const spread = Math.max(...values) - Math.min(...values)
    expect(`whether ${name} differ by at most one point (${values.join(', ')})`, spread <= TOLERANCE, true)
  }

  expect('what is delivered among ours, in percent', outcomes[0]!.delivered, 100)
}

/** Foreign ones evenly among ours */
export function programsOf(share: number, foreign: readonly Program[], own: Program): Program[] {
  let turn = 0
  return Array.from({ length: PEERS }, (_, at) => {
    const isForeign = Math.floor(((at + 1) * share) / 100) > Math.floor((at * share) / 100)
    return isForeign ? foreign[turn++ % foreign.length]! : own
  })
}

async function runNetwork(bench: Bench, share: number, programs: readonly Program[]): Promise<Outcome> {
  const flags = ['--search-cooldown', '3600', '--difficulty-bits', String(FEW_BITS)]
  const source = await bench.node(`source-${share}`, { flags })
  const members = await startAll(bench, programs, source.address)
  await bench.until('all to verify their neighbours', () => members.every(isLinked), START_TIMEOUT)
  const client = bench.client(source, [DATA_TYPE])
  const texts = Array.from({ length: ANNOUNCES }, (_, at) => new TextEncoder().encode(`announce ${at} of ${share} %`))
  texts.forEach((text) => client.announce(DATA_TYPE, text))
  const hasHeard = (process: PeerProcess): boolean => process.hasEnded || process.logged('heard') >= ANNOUNCES
  // what has not come then is not delivered: the reports tell
  await bench.until('all to hear', () => members.every(hasHeard), SPREAD_TIMEOUT).catch(() => {})
  await bench.settle(LAST_COPIES)
  const reports = await Promise.all(members.map(async (process) => process.end()))
  source.kill()
  return outcomeOf(share, reports, texts)
}

/** The lower number listens, so that whoever is dialled is there, or soon */
async function startAll(bench: Bench, programs: readonly Program[], source: string): Promise<PeerProcess[]> {
  const places = await Promise.all(programs.map(async () => newPlace()))
  return programs.map((program, at) => {
    const others = STEPS.flatMap((step) => [at + step, at - step + PEERS].map((place) => place % PEERS))
    const dialled = others.filter((other) => other < at).map((other) => places[other]!.address)
    const known = NEXT_TO_SOURCE.some((place) => place === at) ? [source] : []
    const { seed, listen } = places[at]!
    const own = { TASK: 'peer', PROTOCOL, SEED: seed, LISTEN: listen, DIAL: [...dialled, ...known].join(',') }
    return bench.peer(
      `peer-${at}`,
      { ...own, DIFFICULTY_BITS: String(FEW_BITS), DATA_TYPE: String(DATA_TYPE) },
      program
    )
  })
}

function isLinked(process: PeerProcess, at: number): boolean {
  const neighbours = 2 * STEPS.length + (NEXT_TO_SOURCE.some((place) => place === at) ? 1 : 0)

  if (process.hasEnded) {
    throw new Error(`${process.name} has ended: see its log`)
  }

  return process.logged('verified') >= neighbours
}

function outcomeOf(share: number, reports: readonly Report[], texts: readonly Uint8Array[]): Outcome {
  const wanted = new Set(texts.map((text) => heardOf(DATA_TYPE, text).sha256))
  const heard = reports.map((report) => {
    const sums = (report['heard'] as { sha256: string }[]).map(({ sha256 }) => sha256)
    return new Set(sums.filter((each) => wanted.has(each))).size
  })
  const [news, copies] = [sum(heard), sum(reports.map((report) => Number(report['copies'])))]
  return { share, delivered: (100 * news) / (PEERS * ANNOUNCES), copies: (100 * copies) / (news + copies) }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
