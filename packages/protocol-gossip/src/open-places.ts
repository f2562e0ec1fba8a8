import { oldestOfTheCrowd } from './crowd.ts'
import type { PeerKey } from '@hearsay/protocol-core/pure'

/**
 * The places of peers whose dialect has no gate. Such peers cost nothing to make, so there are few places. Those we
 * dialled keep theirs; of the others, the oldest of the address group that holds most leaves for a newcomer.
 *
 * @see docs/specs/gossip.md#membership
 */
export class OpenPlaces {
  private readonly max: number
  /** With the address groups of those that dialled us, oldest first. BOUNDED by max */
  private readonly taken = new Map<PeerKey, string | undefined>()

  constructor(max: number) {
    this.max = max
  }

  get free(): number {
    return this.max - this.taken.size
  }

  get peers(): Iterable<PeerKey> {
    return this.taken.keys()
  }

  /**
   * @param group - undefined for a peer we dialled
   * @returns who has to leave, perhaps the newcomer itself
   */
  take(peer: PeerKey, group: string | undefined): PeerKey | undefined {
    this.taken.set(peer, group)

    if (this.taken.size <= this.max) {
      return undefined
    }

    const accepted = [...this.taken].flatMap(([each, its]) => (its === undefined ? [] : [[each, its] as const]))
    const leaving = oldestOfTheCrowd(accepted) ?? peer
    this.taken.delete(leaving)
    return leaving
  }

  leave(peer: PeerKey): void {
    this.taken.delete(peer)
  }
}
