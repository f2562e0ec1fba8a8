import { Key } from 'interface-datastore'
import { FLOOR_PREFIX } from './constants.ts'
import { sha256Hex } from './digest.ts'
import type { Datastore } from 'interface-datastore'
import type { Floor, FloorChange } from './rules/floors.ts'

/** Id, its floor, and when it was raised in ms since 1970, for the order among them */
type Row = [id: string, sequence: number, issuedAt: number, owner: string, digest: string, raisedAt: number]

/** Floors in a datastore, one row each. */
export class FloorStore {
  private readonly datastore: Datastore

  constructor(datastore: Datastore) {
    this.datastore = datastore
  }

  /** All of them, the one not raised for longest first */
  async load(): Promise<(readonly [id: string, floor: Floor])[]> {
    const rows: Row[] = []

    for await (const { value } of this.datastore.query({ prefix: `${FLOOR_PREFIX}/` })) {
      rows.push(JSON.parse(new TextDecoder().decode(value)) as Row)
    }

    return rows
      .toSorted((a, b) => a[5] - b[5])
      .map(([id, sequence, issuedAt, owner, digest]) => [id, { sequence, issuedAt, owner, digest }])
  }

  async save(changes: readonly FloorChange[], now: number): Promise<void> {
    for (const [id, floor] of changes) {
      if (floor === undefined) {
        await this.datastore.delete(rowKey(id))
      } else {
        const row: Row = [id, floor.sequence, floor.issuedAt, floor.owner, floor.digest, now]
        await this.datastore.put(rowKey(id), new TextEncoder().encode(JSON.stringify(row)))
      }
    }
  }
}

function rowKey(id: string): Key {
  return new Key(`${FLOOR_PREFIX}/${sha256Hex(new TextEncoder().encode(id))}`)
}
