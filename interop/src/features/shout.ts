/** SHOUT peers of another implementation, with a node of ours between them. */
import { expect } from './expect.ts'
import { keyedPeer, settle } from './keyed-peer.ts'
import type { PeerProcess } from '../matrix/peer-process.ts'
import type { KeyedContext, KeyedFeature } from './keyed-peer.ts'

export const shoutFeatures: readonly KeyedFeature[] = [
  { name: 'subnet', about: 'one subnet, keys bound to this connection, and PING answered', run: subnet },
  { name: 'shout', about: 'our node passes the bytes of one on to the other', run: shout },
  { name: 'whisper', about: 'a sealed whisper to our node is answered with ACK', run: whisper }
]

const Opcode = { PING: 2, OPTION: 3, WHISPER: 8 } as const
/** In ms: a peer speaks three seconds after its start */
const ROUND = 8_000

interface Shouter {
  key: string
  /** Keys, by their SHA-256, that were bound to a connection with it */
  bound: string[]
  shouts: { from: string; text: string }[]
  /** What its messages of each opcode were answered with */
  acks: number[]
  refused: string[]
}

async function subnet(context: KeyedContext): Promise<void> {
  const { address } = await context.bench.node('A', context)
  const peer = await keyedPeer(context, address)
  await settle(context, ROUND)
  const { bound, acks, refused } = await report(peer)
  expect('how many keys were bound', bound.length, 1)
  expect('what it refused', refused, [])
  expect('how many options were taken', acks.filter((opcode) => opcode === Opcode.OPTION).length, 2)
  expect('whether PING was answered', acks.includes(Opcode.PING), true)
}

async function shout(context: KeyedContext): Promise<void> {
  const { address } = await context.bench.node('A', context)
  const second = await keyedPeer(context, address)
  const first = await keyedPeer(context, address, { SHOUT: 'have you heard?' })
  await settle(context, ROUND)
  const [one, other] = [await report(first), await report(second)]
  expect('what the other heard', other.shouts, [{ from: one.key, text: 'have you heard?' }])
  expect('what came back to the one', one.shouts, [])
}

async function whisper(context: KeyedContext): Promise<void> {
  const { address } = await context.bench.node('A', context)
  const peer = await keyedPeer(context, address, { WHISPER: 'psst' })
  await settle(context, ROUND)
  const { acks } = await report(peer)
  expect('whether WHISPER was answered', acks.includes(Opcode.WHISPER), true)
}

async function report(peer: PeerProcess): Promise<Shouter> {
  return (await peer.end()) as unknown as Shouter
}
