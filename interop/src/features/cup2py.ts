/**
 * CUP2PY peers of another implementation, with ours between them or among them: all that is said of it can be seen from
 * outside.
 *
 * @see docs/specs/cup2py.md
 */
import { expect } from './expect.ts'
import { keyedPeer, ourHost, ours } from './keyed-peer.ts'
import { newPlace } from './place.ts'
import type { KeyedContext, KeyedFeature, KeyedPeer } from './keyed-peer.ts'

export const cup2pyFeatures: readonly KeyedFeature[] = [
  { name: 'update', about: 'ours passes the record of a newcomer on to who is there', run: update },
  { name: 'search', about: 'ours answers a search with the record of one who has left', run: search },
  { name: 'hears', about: 'it hears the record that ours publishes', speaks: true, run: hears },
  { name: 'answers', about: 'it answers our search with the record of one who has left', speaks: true, run: answers }
]

/** In ms, in which a record goes round */
const ROUND = 6_000

interface Users {
  hash: string
  records: { hash: string; address: string; date: string }[]
  refused: string[]
}

/** Whoever comes later is told to those who are there; for the others it must search */
async function update(context: KeyedContext): Promise<void> {
  const address = await ours(context)
  const first = await keyedPeer(context, [address])
  await context.bench.settle(ROUND)
  const second = await keyedPeer(context, [address])
  await context.bench.settle(ROUND)
  const [one, other] = [await report(first), await report(second)]
  expect('whether the first has the record of the second', knows(one, other), true)
  expect('what they refused', [one.refused, other.refused], [[], []])
}

async function search(context: KeyedContext): Promise<void> {
  const address = await ours(context)
  const one = await visitor(context, address)
  const second = await keyedPeer(context, [address], { SEARCH: one.hash })
  await context.bench.settle(ROUND)
  const other = await report(second)
  expect('whether the one who searched found the other', knows(other, one), true)
}

async function hears(context: KeyedContext): Promise<void> {
  const host = await ourHost(context, [])
  const peer = await keyedPeer(context, [host.address])
  await context.bench.settle(ROUND)
  const [one, other] = [await report(peer), await report(host)]
  expect('whether it has our record', knows(one, other), true)
  expect('whether ours has its record', knows(other, one), true)
  expect('what it refused', one.refused, [])
}

/** Ours is there once the other has left, so that it heard nothing of it, and has to ask who did */
async function answers(context: KeyedContext): Promise<void> {
  const place = await newPlace()
  const keeper = await keyedPeer(context, [place.address])
  const gone = await visitor(context, keeper.address)
  const host = await ourHost(context, [], { SEARCH: gone.hash }, place)
  await context.bench.settle(ROUND)
  const [found, one] = [await report(host), await report(keeper)]
  expect('whether ours knows whom it asked', knows(found, one), true)
  expect('whether our search found the other', knows(found, gone), true)
}

/** One that tells its record, and leaves */
async function visitor(context: KeyedContext, address: string): Promise<Users> {
  const peer = await keyedPeer(context, [address])
  await context.bench.settle(ROUND)
  return report(peer)
}

async function report({ process }: KeyedPeer): Promise<Users> {
  return (await process.end()) as unknown as Users
}

function knows({ records }: Users, { hash }: Users): boolean {
  return records.some((record) => record.hash === hash)
}
