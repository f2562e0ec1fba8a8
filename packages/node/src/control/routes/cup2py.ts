import { z } from 'zod'
import { RequestError } from '../problem.ts'
import { answers } from '../route.ts'
import { userHash, userPrefix } from './user.ts'
import type { Cup2py } from '@hearsay/protocol-cup2py'
import type { Users } from '../../users.ts'
import type { AnswerRoute, Route } from '../route.ts'

const record = z.object({
  hash: userHash,
  publicKey: z.string().describe('PKCS#1 PEM'),
  address: z.string().describe('where it can be reached, such as a multiaddr; its own words'),
  date: z.string().describe('UTC, such as 2023-04-27 22:25:19.167142'),
  signature: z.string().describe('base64')
})
const published = z.object({ record, users: z.int().describe('users of our book it was sent to') })
const found = z.object({
  record: record.nullable(),
  cost: z.object({ messages: z.int(), peersAsked: z.int(), answers: z.int() })
})
const records = z.object({ own: userHash, users: z.int().describe('in the address book'), records: z.array(record) })
const exported = z.object({
  records: z.array(z.string()).describe('each as the text of an UPDATE'),
  next: z.int().nullable().describe('`offset` of the next part, if there is one')
})
const imported = z.object({
  taken: z.int().describe('how many were news'),
  refused: z.array(z.object({ index: z.int(), message: z.string() }))
})

export type RecordAnswer = z.infer<typeof record>
export type Published = z.infer<typeof published>
export type Found = z.infer<typeof found>
export type Records = z.infer<typeof records>
export type Exported = z.infer<typeof exported>
export type Imported = z.infer<typeof imported>

/** In ms; a search that newer and newer records keep alive ends then */
const SEARCH_TIMEOUT = 25_000
/** Records of one answer: of the largest keys, 8 MiB */
const MAX_LISTED = 1_000
const MAX_EXPORTED = 2_000
/** Longest record there is */
const MAX_TEXT = 16_384

export function cup2pyRoutes(cup2py: Cup2py, users: Users): Route[] {
  return [publishing(cup2py), searching(cup2py), ...listing(cup2py, users), exporting(cup2py), importing(cup2py)]
}

function publishing(cup2py: Cup2py): AnswerRoute {
  return answers({
    method: 'post',
    path: '/v1/cup2py/publications',
    summary: 'sign our record anew and tell the users of our book',
    input: z.object({ depth: z.int().min(0).max(16).default(3).describe('hops it is passed on') }),
    answer: published,
    handle: async ({ depth }) => cup2py.publish({ depth })
  })
}

function searching(cup2py: Cup2py): AnswerRoute {
  return answers({
    method: 'post',
    path: '/v1/cup2py/searches',
    summary: 'look for the newest record of a user, from book to book',
    input: z.object({
      user: userHash,
      depth: z.int().min(1).max(16).default(7).describe('hops it is passed on'),
      quietTime: z.int().min(10).max(10_000).default(2_000).describe('ms without a newer record, which end it')
    }),
    answer: found,
    handle: async ({ user, depth, quietTime }) => {
      const signal = AbortSignal.timeout(SEARCH_TIMEOUT)
      const { record: newest = null, cost } = await cup2py.search(user, { depth, quietTime, signal })
      return { record: newest, cost }
    }
  })
}

function listing(cup2py: Cup2py, users: Users): AnswerRoute[] {
  return [
    answers({
      method: 'get',
      path: '/v1/cup2py/records',
      summary: 'records of the address book, but for our own',
      input: z.object({
        prefix: z
          .string()
          .regex(/^[0-9a-f]{0,64}$/, 'must be the first digits of a user hash')
          .default(''),
        limit: z.coerce.number().int().min(1).max(MAX_LISTED).default(100)
      }),
      answer: records,
      handle: async ({ prefix, limit }) => ({
        own: cup2py.hash,
        users: cup2py.users,
        records: await users.held(prefix, limit)
      })
    }),
    answers({
      method: 'get',
      path: '/v1/cup2py/records/{user}',
      summary: 'the record held of a user',
      input: z.object({ user: userPrefix }),
      answer: record,
      handle: async ({ user }) => {
        const [one, another] = await users.held(user, 2)

        if (one === undefined || another !== undefined) {
          const why = one === undefined ? 'no record is held of' : 'there are several users whose hash begins with'
          throw new RequestError('UserNotFoundError', `${why} ${user}`)
        }

        return one
      }
    })
  ]
}

function exporting(cup2py: Cup2py): AnswerRoute {
  return answers({
    method: 'get',
    path: '/v1/cup2py/export',
    summary: 'all records of the address book and our own, in parts',
    input: z.object({ offset: z.coerce.number().int().min(0).default(0) }),
    answer: exported,
    handle: async ({ offset }) => {
      const part: string[] = []
      let at = 0

      for await (const text of cup2py.export()) {
        if (part.length === MAX_EXPORTED) {
          return { records: part, next: offset + MAX_EXPORTED }
        } else if (at++ >= offset) {
          part.push(text)
        }
      }

      return { records: part, next: null }
    }
  })
}

function importing(cup2py: Cup2py): AnswerRoute {
  return answers({
    method: 'post',
    path: '/v1/cup2py/import',
    summary: 'take records that came by other ways; each is verified',
    input: z.object({ records: z.array(z.string().max(MAX_TEXT)).max(256) }),
    answer: imported,
    handle: async ({ records: texts }) => {
      const refused: { index: number; message: string }[] = []
      let taken = 0

      for (const [index, text] of texts.entries()) {
        try {
          taken += (await cup2py.add(text)) ? 1 : 0
        } catch (err) {
          if ((err as Error).name !== 'InvalidRecordError') {
            throw err
          }

          refused.push({ index, message: (err as Error).message })
        }
      }

      return { taken, refused }
    }
  })
}
