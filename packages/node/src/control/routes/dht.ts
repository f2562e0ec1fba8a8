import { z } from 'zod'
import { publicKeyFromProtobuf } from '@libp2p/crypto/keys'
import { InvalidParametersError } from '@hearsay/protocol-core/pure'
import { RequestError } from '../problem.ts'
import { answers } from '../route.ts'
import type { PublicKey } from '@libp2p/interface'
import type { Dht } from '../../dht/dht.ts'
import type { AnswerRoute, Route } from '../route.ts'

const key = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be 32 bytes, as 64 hexadecimal digits in lower case')
  .describe('32 bytes, such as the SHA-256 of a name')
const receipt = z.object({
  ttl: z.int().describe('s, as granted'),
  expiresAt: z.iso.datetime(),
  replication: z.int().describe('copies that were asked for'),
  storedOn: z.array(z.string()).describe('peers that say that they store it'),
  verifiedOn: z.array(z.string()).describe('peers it was read back from')
})
const got = z.object({ key, value: z.base64() })

export type DhtReceipt = z.infer<typeof receipt>
export type DhtGot = z.infer<typeof got>

/** @see docs/specs/dht.md#api for the same over TCP */
export function dhtRoutes(dht: Pick<Dht, 'put' | 'get'>): Route[] {
  return [putting(dht), getting(dht)]
}

function putting(dht: Pick<Dht, 'put'>): AnswerRoute {
  return answers({
    method: 'post',
    path: '/v1/dht/values',
    summary: 'put a value; answered once its copies were read back',
    input: z.object({
      key,
      value: z.base64().describe('1 to 65,495 bytes, in base64'),
      ttl: z.int().min(0).max(65_535).default(0).describe('s; 0 is the default of the node'),
      replication: z.int().min(0).max(255).default(0).describe('copies; 0 is the default of the node'),
      owned: z.boolean().default(false).describe('under a key that takes values of this node alone')
    }),
    answer: receipt,
    handle: async ({ key: hex, value, ttl, replication, owned }) => {
      const given = await dht.put(bytesOf(hex), Buffer.from(value, 'base64'), { ttl, replication, owned })
      const { storedOn, verifiedOn } = given
      return {
        ttl: given.ttl,
        expiresAt: new Date(given.expiresAt).toISOString(),
        replication: given.replication,
        storedOn: [...storedOn],
        verifiedOn: [...verifiedOn]
      }
    }
  })
}

function getting(dht: Pick<Dht, 'get'>): AnswerRoute {
  return answers({
    method: 'get',
    path: '/v1/dht/values/{key}',
    summary: 'get the value that wins among those found',
    input: z.object({
      key,
      owned: z.enum(['true', 'false']).default('false').describe('our own, which nobody else can put'),
      owner: z.base64().max(1_024).optional().describe('that of another: its public key, as libp2p has it')
    }),
    answer: got,
    handle: async ({ key: hex, owned, owner }) => {
      const value = await dht.get(bytesOf(hex), {
        owned: owned === 'true',
        ...(owner !== undefined && { owner: ownerOf(owner) })
      })

      if (value === undefined) {
        throw new RequestError('NotFoundError', `no value was found under ${hex}`)
      }

      return { key: hex, value: Buffer.from(value).toString('base64') }
    }
  })
}

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

function ownerOf(text: string): PublicKey {
  try {
    return publicKeyFromProtobuf(Buffer.from(text, 'base64'))
  } catch {
    throw new InvalidParametersError('owner', 'must be a public key in the form of libp2p, in base64')
  }
}
