import { BoundedMap, DecodeError } from '@hearsay/protocol-core/pure'
import { MAX_DATA_BYTES } from '@hearsay/protocol-gossip'
import { decodeApi, encodeApi } from './messages.ts'
import type { Gossip, GossipValidator } from '@hearsay/protocol-gossip'
import type { ApiClient, ApiSession } from './server.ts'

/** Notifications one client has not answered; the oldest counts as refused then */
const MAX_OUTSTANDING = 4_096

/** Data types of one client, so that no client can use up those of all */
const MAX_CLIENT_SUBSCRIPTIONS = 1_024

/**
 * One client of the gossip API: it announces, subscribes, and says whether what it was notified of is valid.
 *
 * @see docs/specs/gossip.md#api
 */
export class GossipApiSession implements ApiSession {
  private readonly client: ApiClient
  private readonly gossip: Gossip
  private readonly party: string
  /** Ends of subscriptions, by data type. BOUNDED by MAX_CLIENT_SUBSCRIPTIONS */
  private readonly subscriptions = new Map<number, () => void>()
  /** Who waits for the verdict on a message id. BOUNDED by MAX_OUTSTANDING */
  private readonly outstanding = new BoundedMap<number, (valid: boolean) => void>(MAX_OUTSTANDING)
  private lastId = 0

  constructor(client: ApiClient, gossip: Gossip, party: string) {
    this.client = client
    this.gossip = gossip
    this.party = party
  }

  onFrame(payload: Uint8Array): void {
    const message = decodeApi(payload)

    switch (message.type) {
      case 'announce':
        if (message.data.byteLength > MAX_DATA_BYTES) {
          throw new DecodeError(`ANNOUNCE of ${message.data.byteLength} bytes of data, at most ${MAX_DATA_BYTES} fit`)
        }

        this.gossip.announce(message.dataType, message.data, { ttl: message.ttl, party: this.party })
        return
      case 'notify':
        return this.subscribe(message.dataType)
      case 'validation':
        return this.outstanding.take(message.messageId)?.(message.valid)
      case 'notification':
        throw new DecodeError('NOTIFICATION is for nodes to send')
    }
  }

  onEnd(): void {
    this.subscriptions.forEach((unsubscribe) => unsubscribe())
    this.subscriptions.clear()
    // whoever waits for them must not wait for ever
    ;[...this.outstanding].forEach(([, answer]) => answer(false))
    this.outstanding.clear()
  }

  private subscribe(dataType: number): void {
    if (!this.subscriptions.has(dataType)) {
      if (this.subscriptions.size === MAX_CLIENT_SUBSCRIPTIONS) {
        throw new DecodeError(`more than ${MAX_CLIENT_SUBSCRIPTIONS} data types, of which one client may have no more`)
      }

      const validator: GossipValidator = (data, { signal }) => this.notify(dataType, data, signal)
      this.subscriptions.set(dataType, this.gossip.subscribe(dataType, validator, { party: this.party }))
    }
  }

  /** @param signal - aborts when nobody waits for the verdict any longer */
  private notify(dataType: number, data: Uint8Array, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const messageId = this.nextId()
      signal.addEventListener('abort', () => this.outstanding.take(messageId), { once: true })
      const givenUp = this.outstanding.set(messageId, resolve)
      givenUp?.[1](false)
      this.client.send(encodeApi({ type: 'notification', messageId, dataType, data }))
    })
  }

  /** Unique among those not answered yet */
  private nextId(): number {
    do {
      this.lastId = (this.lastId + 1) & 0xffff
    } while (this.outstanding.has(this.lastId))

    return this.lastId
  }
}
