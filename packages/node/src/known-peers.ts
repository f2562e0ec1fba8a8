/** Gossip stays connected to known peers. Where it is off, this does. */
import { multiaddr } from '@multiformats/multiaddr'
import type { Libp2p } from '@libp2p/interface'
import type { Log } from './log.ts'

export interface KnownPeersInit {
  libp2p: Libp2p
  /** Multiaddrs */
  addresses: readonly string[]
  /** In ms, between tries */
  interval: number
  log: Log
}

export class KnownPeers {
  private readonly init: KnownPeersInit
  /** Peer ids by address, once known. BOUNDED by the addresses */
  private readonly ids = new Map<string, string>()
  private readonly stopped = new AbortController()
  private timer: NodeJS.Timeout | undefined

  constructor(init: KnownPeersInit) {
    this.init = init
  }

  start(): void {
    void this.dialAll()
    this.timer = setInterval(() => void this.dialAll(), this.init.interval)
  }

  stop(): void {
    clearInterval(this.timer)
    this.stopped.abort()
  }

  private async dialAll(): Promise<void> {
    await Promise.all(this.init.addresses.map(async (address) => this.dial(address)))
  }

  private async dial(address: string): Promise<void> {
    const { libp2p, log } = this.init
    const connected = libp2p.getPeers().some((peer) => peer.toString() === this.ids.get(address))

    if (connected || this.stopped.signal.aborted) {
      return
    }

    try {
      const { remotePeer } = await libp2p.dial(multiaddr(address), { signal: this.stopped.signal })
      this.ids.set(address, remotePeer.toString())
      log.info(`connected to known peer ${remotePeer.toString()}`)
    } catch {
      // the next try may succeed
    }
  }
}
