import { BoundedMap } from '@hearsay/protocol-core/pure'

/** A peer we closed, or did not let in */
export interface Refusal {
  /** Which protocol refused it */
  protocol: string
  /** One of the protocol's few words */
  reason: string
  /** ISO 8601 */
  time: string
}

/** Peers remembered; the one refused longest ago is forgotten first */
const MAX_PEERS = 1_024
/** Refusals remembered of each; the oldest is forgotten first */
const MAX_REFUSALS = 16

/** Who was refused when and why, for `hearsay why`. */
export class RefusalLog {
  /** Oldest first, by peer id. BOUNDED by MAX_PEERS, each list by MAX_REFUSALS */
  private readonly peers = new BoundedMap<string, Refusal[]>(MAX_PEERS)
  /** BOUNDED by the reasons that protocols have */
  private readonly counts = new Map<string, number>()

  add(peer: string, protocol: string, reason: string): void {
    const earlier = this.peers.get(peer) ?? []
    const refusal = { protocol, reason, time: new Date().toISOString() }
    const count = `${protocol} ${reason}`
    this.peers.set(peer, [...earlier.slice(1 - MAX_REFUSALS), refusal])
    this.counts.set(count, (this.counts.get(count) ?? 0) + 1)
  }

  /** Oldest first */
  of(peer: string): readonly Refusal[] {
    return this.peers.get(peer) ?? []
  }

  /** How many there were since the start, by protocol and reason */
  totals(): Record<string, number> {
    return Object.fromEntries(this.counts)
  }
}
