import { setTimeout as wait } from 'node:timers/promises'
import { KAD_PROTOCOL } from './constants.ts'
import type { IdentifyResult, Libp2p, PeerId } from '@libp2p/interface'
import type { Kad } from './kad.ts'

/** In ms, before each attempt: the first joins the one that kad-dht makes itself */
const PAUSES = [0, 1_000, 4_000, 16_000] as const

/**
 * Has connected peers taken into kad-dht's table. kad-dht tries once, with one ping: if that is lost, it forgets the
 * peer until another one names it, and with two nodes there is no other.
 *
 * @see docs/specs/dht.md#joining
 */
export class Newcomers {
  private readonly libp2p: Libp2p
  private readonly kad: Kad
  private readonly stopped = new AbortController()
  /** BOUNDED by the connections there may be, and the time of all pauses and attempts */
  private readonly underWay = new Set<string>()

  constructor(libp2p: Libp2p, kad: Kad) {
    this.libp2p = libp2p
    this.kad = kad
  }

  start(): void {
    this.libp2p.addEventListener('peer:identify', this.onIdentify)
    this.libp2p.getPeers().forEach((peer) => this.meet(peer))
  }

  stop(): void {
    this.libp2p.removeEventListener('peer:identify', this.onIdentify)
    this.stopped.abort()
  }

  private readonly onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => this.meet(detail.peerId)

  private meet(peer: PeerId): void {
    const id = peer.toString()

    if (!this.underWay.has(id)) {
      this.underWay.add(id)
      // one that left is met again when it comes back
      void this.introduce(peer)
        .catch(() => {})
        .finally(() => this.underWay.delete(id))
    }
  }

  private async introduce(peer: PeerId): Promise<void> {
    const { signal } = this.stopped

    for (const pause of PAUSES) {
      await wait(pause, undefined, { signal })

      if (this.libp2p.getConnections(peer).length === 0 || !(await this.isOfNetwork(peer))) {
        return
      }

      if (await this.kad.introduce(peer, signal)) {
        return
      }
    }
  }

  private async isOfNetwork(peer: PeerId): Promise<boolean> {
    return (await this.libp2p.peerStore.get(peer)).protocols.includes(KAD_PROTOCOL)
  }
}
