import type { Millis, PeerKey } from '@hearsay/protocol-core/pure'

interface Record {
  group: string
  inMeshSince: Millis | undefined
  firstDeliveries: number
  invalid: number
  broken: number
}

/** What a peer's past is worth. The shape of gossipsub 1.1's function, with one topic and round numbers */
const TIME_CAP = 10
const DELIVERY_WEIGHT = 0.5
const DELIVERY_CAP = 40
const INVALID_WEIGHT = -10
const BROKEN_WEIGHT = -10
const COLOCATION_WEIGHT = -5
/** Peers of one group without a penalty */
const COLOCATION_FREE = 3
const DECAY = 0.95

export class GossipsubScore {
  /** BOUNDED by the sessions there are, and RETAINED of the past */
  private readonly records = new Map<PeerKey, Record>()
  /** Peers by group. BOUNDED by `records` */
  private readonly groups = new Map<string, number>()

  onConnected(peer: PeerKey, group: string): void {
    this.records.set(peer, { group, inMeshSince: undefined, firstDeliveries: 0, invalid: 0, broken: 0 })
    this.groups.set(group, (this.groups.get(group) ?? 0) + 1)
  }

  onDisconnected(peer: PeerKey): void {
    const group = this.records.get(peer)?.group

    if (group !== undefined) {
      this.groups.set(group, this.groups.get(group)! - 1)
      this.records.delete(peer)
    }
  }

  setInMesh(peer: PeerKey, since: Millis | undefined): void {
    this.change(peer, (record) => (record.inMeshSince = since))
  }

  onFirstDelivery(peer: PeerKey): void {
    this.change(peer, (record) => (record.firstDeliveries = Math.min(DELIVERY_CAP, record.firstDeliveries + 1)))
  }

  onInvalid(peer: PeerKey): void {
    this.change(peer, (record) => record.invalid++)
  }

  onBrokenPromise(peer: PeerKey): void {
    this.change(peer, (record) => record.broken++)
  }

  /** Once a heartbeat */
  decay(): void {
    for (const record of this.records.values()) {
      record.firstDeliveries *= DECAY
      record.invalid *= DECAY
      record.broken *= DECAY
    }
  }

  of(peer: PeerKey, now: Millis): number {
    const record = this.records.get(peer)

    if (record === undefined) {
      return 0
    }

    const { group, inMeshSince, firstDeliveries, invalid, broken } = record
    const minutes = inMeshSince === undefined ? 0 : (now - inMeshSince) / 60_000
    const crowd = Math.max(0, (this.groups.get(group) ?? 0) - COLOCATION_FREE)
    return (
      Math.min(TIME_CAP, minutes) +
      DELIVERY_WEIGHT * firstDeliveries +
      INVALID_WEIGHT * invalid ** 2 +
      BROKEN_WEIGHT * broken ** 2 +
      COLOCATION_WEIGHT * crowd ** 2
    )
  }

  private change(peer: PeerKey, change: (record: Record) => void): void {
    const record = this.records.get(peer)

    if (record !== undefined) {
      change(record)
    }
  }
}
