/**
 * A user's record as a value of a DHT: under `/cup2py/<user hash>`, the text of an UPDATE of depth 0 with an empty list.
 *
 * @see docs/specs/cup2py.md#bootstrap
 */
import { DecodeError } from '@hearsay/protocol-core/pure'
import { decode, encode } from './codec.ts'
import { dateMillis, parseDate } from './date.ts'
import { InvalidRecordError } from './errors.ts'
import { isNewer, versionOf } from './record.ts'
import { RecordVerifier } from './verifier.ts'
import type { RsaLimits } from '@hearsay/protocol-core'
import type { AbortOptions } from '@libp2p/interface'
import type { UserRecord } from './record.ts'

/** What is needed of a DHT: `node.contentRouting` is one, where a router such as kad-dht is configured. */
export interface RecordRouting {
  get(key: Uint8Array, options?: AbortOptions): Promise<Uint8Array>
  put(key: Uint8Array, value: Uint8Array, options?: AbortOptions): Promise<void>
}

export interface RecordRules extends RsaLimits {
  /** How far in the future a date may be, in ms. @default 60_000 */
  maxClockSkew?: number
}

const NAMESPACE = '/cup2py/'
const encoder = new TextEncoder()
const decoder = new TextDecoder()

export function dhtKey(hash: string): Uint8Array {
  return encoder.encode(NAMESPACE + hash)
}

export function dhtValue(record: UserRecord): Uint8Array {
  return encode({ type: 'update', record, depth: 0, checked: [] })
}

/**
 * What kad-dht needs to know of our records: `kadDHT({ validators: { cup2py: validate }, selectors: { cup2py: select } })`
 */
export function dhtRules({ maxClockSkew = 60_000, ...limits }: RecordRules = {}): {
  validate: (key: Uint8Array, value: Uint8Array) => Promise<void>
  select: (key: Uint8Array, values: Uint8Array[]) => number
} {
  const verifier = new RecordVerifier(limits)

  return {
    validate: async (key, value) => {
      const record = parseValue(value)

      if (decoder.decode(key) !== NAMESPACE + record.hash) {
        throw new InvalidRecordError('the record is of another user than the key says')
      }

      await checkRecord(record, verifier, maxClockSkew)
    },
    select: (_key, values) => newest(values)
  }
}

/** @throws {InvalidRecordError} */
export function parseValue(value: Uint8Array): UserRecord {
  try {
    const message = decode(value)

    if (message.type === 'update' && message.depth === 0 && message.checked.length === 0) {
      return message.record
    }
  } catch (err) {
    if (!(err instanceof DecodeError)) {
      throw err
    }
  }

  throw new InvalidRecordError('the text is no UPDATE of depth 0 with an empty list')
}

/** @throws {InvalidRecordError} when its signature is wrong, or its date is in the future */
export async function checkRecord(record: UserRecord, verifier: RecordVerifier, maxClockSkew: number): Promise<void> {
  const date = parseDate(record.date)
  const verdict = await verifier.verify(record)

  if (verdict !== 'valid') {
    const reason = verdict === 'invalid' ? 'its key did not sign it' : 'its key is too short or too long for us'
    throw new InvalidRecordError(`the record of ${record.hash} is refused: ${reason}`)
  } else if (date === undefined || dateMillis(date) > Date.now() + maxClockSkew) {
    throw new InvalidRecordError(`the record of ${record.hash} is refused: its date is in the future`)
  }
}

/** Where values differ, the newest record; what is none loses against any */
function newest(values: readonly Uint8Array[]): number {
  let [best, index] = [undefined as ReturnType<typeof versionOf> | undefined, 0]

  for (const [i, value] of values.entries()) {
    const version = attempt(() => versionOf(parseValue(value)))

    if (version !== undefined && isNewer(version, best)) {
      best = version
      index = i
    }
  }

  return index
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
