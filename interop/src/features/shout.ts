/**
 * SHOUT peers of another implementation, with ours between them or among them.
 *
 * @see docs/specs/shout.md
 */
import { expect } from './expect.ts'
import { keyedPeer, ourHost, ours } from './keyed-peer.ts'
import type { KeyedContext, KeyedFeature, KeyedPeer } from './keyed-peer.ts'

export const shoutFeatures: readonly KeyedFeature[] = [
  { name: 'subnet', about: 'one subnet, keys bound to this connection, and PING answered', run: subnet },
  { name: 'shout', about: 'ours passes the bytes of one on to the other', run: shout },
  { name: 'whisper', about: 'a sealed whisper to ours is answered with ACK', run: whisper },
  { name: 'pings', about: 'it answers our PING, and our sealed whisper with ACK', speaks: true, run: pings },
  {
    name: 'hears',
    about: 'it hears what ours shouts, and passes its bytes on to another of ours',
    speaks: true,
    run: hears
  }
]

const Opcode = { PING: 2, OPTION: 3, WHISPER: 8 } as const
/** In ms: a peer speaks three seconds after its start */
const ROUND = 8_000

interface Shouter {
  key: string
  /** Keys, by their SHA-256, that were bound to a connection with it */
  bound: string[]
  shouts: { from: string; text: string }[]
  whispers: { from: string; text: string }[]
  /** What its messages of each opcode were answered with */
  acks: number[]
  refused: string[]
}

async function subnet(context: KeyedContext): Promise<void> {
  const peer = await keyedPeer(context, [await ours(context)])
  await context.bench.settle(ROUND)
  const { bound, acks, refused } = await report(peer)
  expect('how many keys were bound', bound.length, 1)
  expect('what it refused', refused, [])
  expect('how many options were taken', acks.filter((opcode) => opcode === Opcode.OPTION).length, 2)
  expect('whether PING was answered', acks.includes(Opcode.PING), true)
}

async function shout(context: KeyedContext): Promise<void> {
  const address = await ours(context)
  const second = await keyedPeer(context, [address])
  const first = await keyedPeer(context, [address], { SHOUT: 'have you heard?' })
  await context.bench.settle(ROUND)
  const [one, other] = [await report(first), await report(second)]
  expect('what the other heard', other.shouts, [{ from: one.key, text: 'have you heard?' }])
  expect('what came back to the one', one.shouts, [])
}

async function whisper(context: KeyedContext): Promise<void> {
  const peer = await keyedPeer(context, [await ours(context)], { WHISPER: 'psst' })
  await context.bench.settle(ROUND)
  const { acks } = await report(peer)
  expect('whether WHISPER was answered', acks.includes(Opcode.WHISPER), true)
}

async function pings(context: KeyedContext): Promise<void> {
  const peer = await keyedPeer(context, [])
  const host = await ourHost(context, [peer.address], { WHISPER: 'psst' })
  await context.bench.settle(ROUND)
  const [one, other] = [await report(peer), await report(host)]
  expect('what our messages were answered with', [other.acks, other.refused], [[Opcode.PING, Opcode.WHISPER], []])
  expect('what it was whispered', one.whispers, [{ from: other.key, text: 'psst' }])
}

async function hears(context: KeyedContext): Promise<void> {
  const peer = await keyedPeer(context, [])
  const second = await ourHost(context, [peer.address])
  const first = await ourHost(context, [peer.address], { SHOUT: 'have you heard?' })
  await context.bench.settle(ROUND)
  const [foreign, one, other] = [await report(peer), await report(first), await report(second)]
  const expected = [{ from: one.key, text: 'have you heard?' }]
  expect('what it heard', foreign.shouts, expected)
  expect('what another of ours heard', other.shouts, expected)
}

async function report({ process }: KeyedPeer): Promise<Shouter> {
  return (await process.end()) as unknown as Shouter
}
