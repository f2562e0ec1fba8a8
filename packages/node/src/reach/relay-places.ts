import { setTimeout as wait } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import type { Libp2pEvents, Startable, TypedEventTarget } from '@libp2p/interface'
import type { TransportManager } from '@libp2p/interface-internal'
import type { Log } from '../log.ts'

interface RelayPlacesComponents {
  transportManager: TransportManager
  events: TypedEventTarget<Libp2pEvents>
}

/** In ms; doubling from attempt to attempt */
const FIRST_RETRY = 1_000
const MAX_RETRY = 60_000

/**
 * Keeps a place at each relay that the operator named, through which others reach this node. libp2p would not start when
 * a relay does not answer, and does not come back to one that was away.
 */
export class RelayPlaces implements Startable {
  private readonly relays: readonly string[]
  private readonly components: RelayPlacesComponents
  private readonly log: Log
  private stopped = new AbortController()
  /** One is asked after the other */
  private asked: Promise<unknown> = Promise.resolve()

  constructor(relays: readonly string[], components: RelayPlacesComponents, log: Log) {
    this.relays = relays
    this.components = components
    this.log = log
  }

  start(): void {
    this.stopped = new AbortController()
  }

  /** A place is asked for over a connection: once the others have started */
  afterStart(): void {
    const { signal } = this.stopped
    this.relays.forEach((relay) => void this.keep(relay, signal).catch(() => {}))
  }

  stop(): void {
    this.stopped.abort()
  }

  private async keep(relay: string, signal: AbortSignal): Promise<void> {
    let failures = 0

    while (!signal.aborted) {
      const attempt = this.asked.then(async () => this.ask(relay, failures === 0))
      this.asked = attempt

      if (await attempt) {
        failures = 0
        await this.lost(relay, signal)
        this.log.warn(`the place at the relay ${relay} is lost: asking for another`)
      } else {
        failures++
      }

      await wait(Math.min(FIRST_RETRY * 2 ** Math.max(failures - 1, 0), MAX_RETRY), undefined, { signal })
    }
  }

  /** @returns whether there is a place now */
  private async ask(relay: string, isFirst: boolean): Promise<boolean> {
    const { transportManager } = this.components
    // what is left of places that were lost, or not given
    const former = transportManager.getListeners().filter((each) => each.getAddrs().length === 0)
    await Promise.all(former.map(async (each) => each.close()))

    try {
      await transportManager.listen([multiaddr(relay).encapsulate('/p2p-circuit')])
      this.log.info(`others reach this node through the relay ${relay}`)
      return true
    } catch (err) {
      if (isFirst) {
        const { message } = err as Error
        this.log.warn(`the relay ${relay} gives no place, trying again: ${message.trim().split('\n').at(-1)!.trim()}`)
      }

      return false
    }
  }

  /** Until the place is gone; libp2p tells it as listening on something else */
  private async lost(relay: string, signal: AbortSignal): Promise<void> {
    const { events } = this.components
    const changes = ['transport:listening', 'transport:close'] as const
    return new Promise((resolve) => {
      const check = (): void => {
        if (signal.aborted || !this.hasPlace(relay)) {
          changes.forEach((each) => events.removeEventListener(each, check))
          signal.removeEventListener('abort', check)
          resolve()
        }
      }
      changes.forEach((each) => events.addEventListener(each, check))
      signal.addEventListener('abort', check)
      check()
    })
  }

  private hasPlace(relay: string): boolean {
    const through = `${relay.slice(relay.lastIndexOf('/p2p/'))}/p2p-circuit`
    return this.components.transportManager.getAddrs().some((address) => address.toString().includes(through))
  }
}
