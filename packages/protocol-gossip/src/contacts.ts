/**
 * The peers a node is told about: known peers, which are kept, and the bootstrapper, for when none of them answers.
 *
 * @see docs/specs/gossip.md#membership
 */
import { REDIAL_FIRST, REDIAL_MAX, STABLE_AFTER } from './constants.ts'
import { peerOf } from './offers.ts'
import type { Millis, PeerKey } from '@hearsay/protocol-core/pure'

export interface Contact {
  readonly address: string
  /** Dialled only by a node that is alone */
  readonly lastResort: boolean
  /** From the address, or learned by the first dial */
  peer: PeerKey | undefined
  state: 'offline' | 'dialling' | 'online'
  /** In a row */
  failures: number
  retryAt: Millis
  verifiedAt: Millis | undefined
}

export class Contacts {
  /** BOUNDED by the configuration */
  private readonly contacts: Contact[]

  constructor(knownPeers: readonly string[], bootstrapper: string | undefined) {
    this.contacts = [
      ...knownPeers.map((address) => contact(address, false)),
      ...(bootstrapper === undefined ? [] : [contact(bootstrapper, true)])
    ]
  }

  get size(): number {
    return this.contacts.length
  }

  /** Whether there are known peers, and none of them is here or on its way */
  get allKnownOffline(): boolean {
    const known = this.contacts.filter(({ lastResort }) => !lastResort)
    return known.length > 0 && known.every(({ state }) => state === 'offline')
  }

  /** Those to dial now; the bootstrapper only when `alone` */
  due(now: Millis, alone: boolean): Contact[] {
    return this.offline(alone).filter(({ retryAt }) => retryAt <= now)
  }

  /** When the next one is due that is not yet */
  nextRetry(now: Millis, alone: boolean): Millis | undefined {
    const later = this.offline(alone).flatMap(({ retryAt }) => (retryAt > now ? [retryAt] : []))
    return later.length === 0 ? undefined : Math.min(...later)
  }

  onConnected(peer: PeerKey): void {
    this.of(peer).forEach((each) => (each.state = 'online'))
  }

  onVerified(peer: PeerKey, now: Millis): void {
    this.of(peer).forEach((each) => (each.verifiedAt = now))
  }

  onDisconnected(peer: PeerKey, now: Millis): void {
    for (const each of this.of(peer)) {
      if (each.verifiedAt !== undefined && now - each.verifiedAt >= STABLE_AFTER) {
        each.failures = 0
      }

      this.onFailed(each, now)
    }
  }

  onFailed(failed: Contact, now: Millis): void {
    failed.retryAt = now + Math.min(REDIAL_FIRST * 2 ** failed.failures, REDIAL_MAX)
    failed.failures++
    failed.state = 'offline'
    failed.verifiedAt = undefined
  }

  private offline(alone: boolean): Contact[] {
    return this.contacts.filter(({ state, lastResort }) => state === 'offline' && (alone || !lastResort))
  }

  private of(peer: PeerKey): Contact[] {
    return this.contacts.filter((each) => each.peer === peer)
  }
}

function contact(address: string, lastResort: boolean): Contact {
  return {
    address,
    lastResort,
    peer: peerOf(address),
    state: 'offline',
    failures: 0,
    retryAt: 0,
    verifiedAt: undefined
  }
}
