import { MAX_DATA_BYTES } from '@hearsay/protocol-gossip'
import { z } from 'zod'
import { answers, streams } from '../route.ts'
import type { Gossip } from '@hearsay/protocol-gossip'
import type { Route } from '../route.ts'

const dataType = z.int().min(0).max(65_535)
const data = z.base64().describe(`up to ${MAX_DATA_BYTES} bytes, in base64`)

const announced = z.object({
  id: z.string().describe('64 bits, as 16 hexadecimal digits'),
  sentTo: z.int().describe('verified peers it was sent to'),
  queued: z.boolean().describe('whether it waits for the first verified peer')
})
const heard = z.object({ dataType, data, time: z.iso.datetime() })

export type Announced = z.infer<typeof announced>
export type Heard = z.infer<typeof heard>

/** @see docs/specs/gossip.md#api for the same over TCP */
export function gossipRoutes(gossip: Gossip): Route[] {
  let listeners = 0

  return [
    answers({
      method: 'post',
      path: '/v1/gossip/announces',
      summary: 'announce to the network',
      input: z.object({ dataType, data, ttl: z.int().min(0).max(255).default(0).describe('hops; 0 is unlimited') }),
      answer: announced,
      handle: ({ dataType: type, data: text, ttl }) => {
        const { id, sentTo, queued } = gossip.announce(type, Buffer.from(text, 'base64'), { ttl, party: 'control API' })
        return { id: id.toString(16).padStart(16, '0'), sentTo, queued }
      }
    }),
    streams({
      method: 'get',
      path: '/v1/gossip/announces',
      summary: 'hear all announces of a data type; each counts as valid and is passed on',
      input: z.object({ dataType: z.coerce.number().int().min(0).max(65_535) }),
      event: heard,
      open: ({ dataType: type }, push) =>
        gossip.subscribe(
          type,
          (bytes) => {
            push({ dataType: type, data: Buffer.from(bytes).toString('base64'), time: new Date().toISOString() })
            return true
          },
          { party: `control API listener ${listeners++}` }
        )
    })
  ]
}
