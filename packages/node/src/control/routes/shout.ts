import { z } from 'zod'
import { answers, streams } from '../route.ts'
import { jsonOf, valueOf } from '../values.ts'
import { userHash, userPrefix } from './user.ts'
import type { FoundValue, Shout, ShoutMessage } from '@hearsay/protocol-shout'
import type { Users } from '../../users.ts'
import type { AnswerRoute, Route, StreamRoute } from '../route.ts'

const base64 = z.base64()
const value = z
  .unknown()
  .describe('anything; bytes as {"$bytes": "<base64>"}, large integers as {"$integer": "<digits>"}')
const sent = z.object({ peers: z.int().describe('peers it was sent to'), signature: base64 })
const peer = z.object({ peer: z.string().describe('peer id'), user: userHash, key: base64.describe('public, DER') })
const peers = z.object({ self: peer, peers: z.array(peer) })
const message = z.object({
  kind: z.enum(['shout', 'speak', 'whisper']),
  value,
  user: userHash.describe('who said it: its signature was checked'),
  peer: z.string().describe('the neighbour it came from, a peer id'),
  time: z.iso.datetime()
})
const stored = z.object({
  copies: z.int().describe('nodes that keep it'),
  asked: z.int().describe('nodes that were asked to'),
  version: z.number()
})
const kept = z.object({
  value,
  owner: userHash,
  version: z.number(),
  time: z.iso.datetime(),
  ttl: z.number().describe('s left')
})
const values = z.object({ values: z.array(kept).describe('the newest of each owner, the newest first') })

export type Sent = z.infer<typeof sent>
export type ShoutPeers = z.infer<typeof peers>
export type Said = z.infer<typeof message>
export type StoredValue = z.infer<typeof stored>
export type FoundValues = z.infer<typeof values>

const key = z.string().min(1).max(1_024)

export function shoutRoutes(shout: Shout, users: Users): Route[] {
  return [
    saying('shout', 'tell everybody', shout),
    saying('speak', 'tell direct peers', shout),
    whispering(shout, users),
    peering(shout, users),
    hearing(shout, users),
    storing(shout),
    finding(shout, users)
  ]
}

function saying(kind: 'shout' | 'speak', summary: string, shout: Shout): AnswerRoute {
  return answers({
    method: 'post',
    path: kind === 'shout' ? '/v1/shout/shouts' : '/v1/shout/speaks',
    summary,
    input: z.object({ value }),
    answer: sent,
    handle: async ({ value: json }) => {
      const { peers: count, signature } = await shout[kind](valueOf(json))
      return { peers: count, signature: base64Of(signature) }
    }
  })
}

function whispering(shout: Shout, users: Users): AnswerRoute {
  return answers({
    method: 'post',
    path: '/v1/shout/whispers',
    summary: 'tell one user; answered once it acknowledged',
    input: z.object({
      to: userPrefix,
      value,
      mode: z.enum(['auto', 'direct', 'iterative', 'recursive']).default('auto')
    }),
    answer: z.object({ user: userHash }),
    handle: async ({ to, value: json, mode }) => {
      const receiver = await users.keyOf(to)
      await shout.whisper(receiver, valueOf(json), { mode })
      return { user: users.hashOf(receiver) }
    }
  })
}

function peering(shout: Shout, users: Users): AnswerRoute {
  const told = (peerId: string, der: Uint8Array): z.input<typeof peer> => ({
    peer: peerId,
    user: users.hashOf(der),
    key: base64Of(der)
  })
  return answers({
    method: 'get',
    path: '/v1/shout/peers',
    summary: 'who we are, and who speaks with us',
    input: z.object({}),
    answer: peers,
    handle: () => ({
      self: told(users.peerId, shout.publicKey),
      peers: shout.peers.map((each) => told(each.peer, each.key))
    })
  })
}

function hearing(shout: Shout, users: Users): StreamRoute {
  return streams({
    method: 'get',
    path: '/v1/shout/messages',
    summary: 'hear what is said from now on',
    input: z.object({}),
    event: message,
    open: (_input, push) => {
      const ends = (['shout', 'speak', 'whisper'] as const).map((kind) => {
        const onMessage = ({ detail }: CustomEvent<ShoutMessage>): void => {
          const { value: said, from, peer: neighbour } = detail
          const time = new Date().toISOString()
          push({ kind, value: jsonOf(said), user: users.hashOf(from), peer: neighbour, time })
        }
        shout.addEventListener(kind, onMessage)
        return () => shout.removeEventListener(kind, onMessage)
      })
      return () => ends.forEach((end) => end())
    }
  })
}

function storing(shout: Shout): AnswerRoute {
  return answers({
    method: 'post',
    path: '/v1/shout/values',
    summary: 'have a value kept by the nodes closest to its key',
    input: z.object({
      key,
      value,
      version: z.int().min(0).optional().describe('higher than the last; the time in ms without one'),
      ttl: z.int().min(1).max(2_592_000).optional().describe('s')
    }),
    answer: stored,
    handle: async ({ key: name, value: json, version, ttl }) => shout.store(name, valueOf(json), { version, ttl })
  })
}

function finding(shout: Shout, users: Users): AnswerRoute {
  const told = ({ value: found, owner, version, time, ttl }: FoundValue): z.input<typeof kept> => ({
    value: jsonOf(found),
    owner: users.hashOf(owner),
    version,
    time: new Date(time).toISOString(),
    ttl
  })
  return answers({
    method: 'get',
    path: '/v1/shout/values',
    summary: 'values under a key',
    input: z.object({ key, owner: userPrefix.optional() }),
    answer: values,
    handle: async ({ key: name, owner }) => {
      if (owner === undefined) {
        return { values: (await shout.findValues(name)).map(told) }
      }

      const found = await shout.findValue(name, { owner: await users.keyOf(owner) })
      return { values: found === undefined ? [] : [told(found)] }
    }
  })
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
