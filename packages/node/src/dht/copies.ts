import { Record } from '@libp2p/kad-dht'
import { sha256 } from './digest.ts'
import { candidate, isSame } from './kad.ts'
import { recordRow } from './record-store.ts'
import { nearestFirst, Placement } from './rules/placement.ts'
import type { PeerId } from '@libp2p/interface'
import type { Kad } from './kad.ts'
import type { Placed } from './rules/placement.ts'
import type { DhtStorage } from './storage.ts'

export interface CopiesInit {
  kad: Kad
  storage: DhtStorage
  peerId: PeerId
  /** In ms, for one peer */
  peerTimeout: number
  /** In ms, for a first peer */
  joinTimeout: number
  /** In ms after the last peer that answered */
  quietTime: number
}

/** Copies of a record on the peers closest to its key, ourselves among the candidates. */
export class Copies {
  private readonly init: CopiesInit
  private readonly self: string

  constructor(init: CopiesInit) {
    this.init = init
    this.self = init.peerId.toString()
  }

  /** @param value - accepted by the rules */
  async place(key: Uint8Array, value: Uint8Array, copies: number, signal: AbortSignal): Promise<Placed<string>> {
    const placement = new Placement(await this.candidates(key, signal), copies)

    for (let peer = placement.next(); peer !== undefined; peer = placement.next()) {
      placement.told(peer, await this.attempt(peer, key, value, signal))
    }

    if (placement.next() === undefined && !placement.placed.stored.includes(this.self)) {
      await this.dropOwnCopy(key, value, placement.placed.verified.length >= copies)
    }

    return placement.placed
  }

  /** Our own copy, unless it has expired */
  async local(key: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      return Record.deserialize(await this.init.storage.records.get(recordRow(key))).value
    } catch {
      return undefined
    }
  }

  private async candidates(key: Uint8Array, signal: AbortSignal): Promise<string[]> {
    const { kad, peerId, joinTimeout, quietTime } = this.init

    if (!kad.isAlone) {
      await kad.firstPeer(AbortSignal.any([signal, AbortSignal.timeout(joinTimeout)]))
    }

    const others = kad.hasPeers ? await kad.closest(key, { signal, quietTime }) : []
    const all = kad.isServer ? [...others, candidate(peerId)] : others
    return nearestFirst(sha256(key), all)
  }

  private async attempt(
    peer: string,
    key: Uint8Array,
    value: Uint8Array,
    signal: AbortSignal
  ): Promise<{ stored: boolean; verified: boolean }> {
    const { kad, peerTimeout } = this.init

    if (peer === this.self) {
      const stored = await this.storeHere(key, value)
      return { stored, verified: stored && isSame(await this.local(key), value) }
    }

    const either = AbortSignal.any([signal, AbortSignal.timeout(peerTimeout)])
    const stored = await kad.store(peer, key, value, either)
    return { stored, verified: stored && isSame(await kad.fetch(peer, key, either), value) }
  }

  private async storeHere(key: Uint8Array, value: Uint8Array): Promise<boolean> {
    try {
      await this.init.storage.records.put(recordRow(key), new Record(key, value, new Date()).serialize().slice())
      return true
    } catch {
      return false
    }
  }

  /** Of an earlier time, when fewer peers were there */
  private async dropOwnCopy(key: Uint8Array, value: Uint8Array, isComplete: boolean): Promise<void> {
    if (isComplete && isSame(await this.local(key), value)) {
      await this.init.storage.records.delete(recordRow(key))
    }
  }
}
