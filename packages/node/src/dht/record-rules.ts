import { publicKeyFromProtobuf } from '@libp2p/crypto/keys'
import { openRecord } from './digest.ts'
import { RefusedRecordError } from './errors.ts'
import { FloorStore } from './floor-store.ts'
import { dhtDefaults } from './constants.ts'
import { Floors } from './rules/floors.ts'
import { signedBytes } from './rules/envelope.ts'
import { timeProblem } from './rules/lifetime.ts'
import { bestOf } from './rules/order.ts'
import { OWNED, PLAIN } from './rules/record-key.ts'
import type { KadDHTInit } from '@libp2p/kad-dht'
import type { Datastore } from 'interface-datastore'
import type { Verdict } from './rules/floors.ts'
import type { Sealed } from './rules/sealed.ts'

export interface RecordRulesInit {
  /** Where floors are kept: the datastore that libp2p has, or another. They last as long as it does */
  datastore: Datastore
  /** Floors kept. @default 65_536 */
  maxFloors?: number
  /** Whether a floor belongs to a value held here, which keeps it. @default none does */
  isHeld?: (floorId: string) => boolean
  /** In ms since 1970. @default Date.now */
  now?: () => number
}

const PROBLEMS: Readonly<Record<Exclude<Verdict, 'new' | 'known'>, string>> = {
  older: 'a later one of its owner was seen',
  conflict: 'another of its owner with the same sequence was seen',
  outranked: 'one that wins over it was seen'
}

/**
 * What is a record, and what is none: a validator and a selector for kad-dht, with a memory.
 *
 * @see docs/specs/dht.md
 */
export class RecordRules {
  /** For `kadDHT({ validators })` */
  readonly validators: NonNullable<KadDHTInit['validators']>
  /** For `kadDHT({ selectors })` */
  readonly selectors: NonNullable<KadDHTInit['selectors']>
  private readonly floors: Floors
  private readonly store: FloorStore
  private readonly now: () => number

  private constructor({ datastore, maxFloors, isHeld, now }: RecordRulesInit) {
    this.store = new FloorStore(datastore)
    this.floors = new Floors({ max: maxFloors ?? dhtDefaults.maxFloors, isHeld: isHeld ?? (() => false) })
    this.now = now ?? Date.now
    const validate = async (key: Uint8Array, value: Uint8Array): Promise<void> => void (await this.accept(key, value))
    const select = (key: Uint8Array, values: Uint8Array[]): number => this.best(key, values)
    this.validators = { [PLAIN]: validate, [OWNED]: validate }
    this.selectors = { [PLAIN]: select, [OWNED]: select }
  }

  /** With the floors that the datastore has */
  static async open(init: RecordRulesInit): Promise<RecordRules> {
    const rules = new RecordRules(init)

    for (const [id, floor] of await rules.store.load()) {
      rules.floors.load(id, floor)
    }

    return rules
  }

  /**
   * Checks a record, and raises the floor of its key and owner to it. When this resolves, the floor is stored.
   *
   * @throws {DecodeError} when it is malformed
   * @throws {RefusedRecordError} when it has expired, is from the future, is older than one that was seen, or is not
   * signed by its owner
   */
  async accept(key: Uint8Array, value: Uint8Array): Promise<Sealed> {
    const record = openRecord(key, value)
    const problem = timeProblem(record.envelope, this.now())

    if (problem !== undefined) {
      throw new RefusedRecordError(problem)
    }

    if (this.judge(record) === 'new') {
      await checkSignature(key, record)

      // meanwhile another may have come
      if (this.judge(record) === 'new') {
        await this.store.save(this.floors.raise(record), this.now())
      }
    }

    return record
  }

  /** The index of the record that wins. All must have been accepted */
  best(key: Uint8Array, values: readonly Uint8Array[]): number {
    return bestOf(values.map((value) => openRecord(key, value)))
  }

  /** Of the value that won for a plain key, in ms since 1970; 0 when none was seen */
  latestIssuedAt(recordKey: string): number {
    return this.floors.latestIssuedAt(recordKey)
  }

  private judge(record: Sealed): Verdict {
    const verdict = this.floors.judge(record)

    if (verdict !== 'new' && verdict !== 'known') {
      throw new RefusedRecordError(PROBLEMS[verdict])
    }

    return verdict
  }
}

async function checkSignature(key: Uint8Array, { envelope }: Sealed): Promise<void> {
  let isGood = false

  try {
    const owner = publicKeyFromProtobuf(envelope.owner)
    isGood = await owner.verify(signedBytes(key, envelope), envelope.signature)
  } catch (err) {
    throw new RefusedRecordError('its owner key or its signature cannot be read', { cause: err })
  }

  if (!isGood) {
    throw new RefusedRecordError('its owner did not sign it')
  }
}
