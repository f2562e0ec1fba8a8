/**
 * Two CUP2PY peers of another implementation, with a node of ours between them: all that is said of it can be seen
 * from outside.
 */
import { expect } from './expect.ts'
import { keyedPeer, settle } from './keyed-peer.ts'
import type { PeerProcess } from '../matrix/peer-process.ts'
import type { KeyedContext, KeyedFeature } from './keyed-peer.ts'

export const cup2pyFeatures: readonly KeyedFeature[] = [
  { name: 'update', about: 'our node passes the record of a newcomer on to who is there', run: update },
  { name: 'search', about: 'our node answers a search with the record of one who has left', run: search }
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
  const node = await context.bench.node('A', context)
  const first = await keyedPeer(context, node.address)
  await settle(context, ROUND)
  const second = await keyedPeer(context, node.address)
  await settle(context, ROUND)
  const [one, other] = [await report(first), await report(second)]
  expect('whether the first has the record of the second', knows(one, other), true)
  expect('what they refused', [one.refused, other.refused], [[], []])
}

async function search(context: KeyedContext): Promise<void> {
  const node = await context.bench.node('A', context)
  const first = await keyedPeer(context, node.address)
  await settle(context, ROUND)
  const one = await report(first)
  const second = await keyedPeer(context, node.address, { SEARCH: one.hash })
  await settle(context, ROUND)
  const other = await report(second)
  expect('whether the one who searched found the other', knows(other, one), true)
}

async function report(peer: PeerProcess): Promise<Users> {
  return (await peer.end()) as unknown as Users
}

function knows({ records }: Users, { hash }: Users): boolean {
  return records.some((record) => record.hash === hash)
}
