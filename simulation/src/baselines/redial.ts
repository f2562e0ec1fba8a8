import type { Effect, Millis, PeerKey } from '@hearsay/protocol-core/pure'

const RETRY: Millis = 1_000

/** Keeps connections to known peers: dials them, and again a second after they are lost. */
export class Redial {
  readonly known: readonly PeerKey[]
  private dials = 0
  /** BOUNDED by the known peers */
  private readonly dialling = new Set<PeerKey>()
  /** BOUNDED by the known peers */
  private readonly online = new Set<PeerKey>()

  constructor(known: readonly PeerKey[]) {
    this.known = known
  }

  start(now: Millis): Effect<never, never, never>[] {
    const missing = this.known.filter((peer) => !this.online.has(peer) && !this.dialling.has(peer))
    missing.forEach((peer) => this.dialling.add(peer))
    return [
      ...missing.map((peer) => ({ type: 'dial', dial: `${this.dials++} ${peer}`, peer, addresses: [] }) as const),
      { type: 'arm', key: 'redial', at: now + RETRY }
    ]
  }

  onDialled(dial: string): void {
    this.dialling.delete(dial.split(' ')[1] as PeerKey)
  }

  onConnected(peer: PeerKey): void {
    this.online.add(peer)
  }

  onDisconnected(peer: PeerKey): void {
    this.online.delete(peer)
  }
}
