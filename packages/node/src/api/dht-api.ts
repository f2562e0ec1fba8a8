import { toHex } from '@hearsay/protocol-core/pure'
import { Slots } from '../dht/slots.ts'
import { decodeDhtRequest, encodeDht } from './dht-messages.ts'
import type { Dht } from '../dht/dht.ts'
import type { Log } from '../log.ts'
import type { DhtGet, DhtPut } from './dht-messages.ts'
import type { ApiClient, ApiSession } from './server.ts'

/** Requests of all clients together that are under way; a client with one more waits, and is not read from */
export const MAX_REQUESTS = 512
/** Of one client, answers that wait for an earlier one included */
const MAX_CLIENT_REQUESTS = 32

export interface DhtApiInit {
  dht: Pick<Dht, 'put' | 'get'>
  /** MAX_REQUESTS, which all clients share */
  requests: Slots
  log: Log
}

/**
 * One client of the DHT API: it puts without an answer, and gets with exactly one, in the order it asked.
 *
 * @see docs/specs/dht.md#api
 */
export class DhtApiSession implements ApiSession {
  private readonly client: ApiClient
  private readonly init: DhtApiInit
  private readonly requests = new Slots(MAX_CLIENT_REQUESTS)
  private readonly ended = new AbortController()
  /** Settles when all answers so far are sent */
  private answered = Promise.resolve()

  constructor(client: ApiClient, init: DhtApiInit) {
    this.client = client
    this.init = init
  }

  async onFrame(payload: Uint8Array): Promise<void> {
    const request = decodeDhtRequest(payload)
    await this.requests.take()
    await this.init.requests.take()

    if (request.type === 'put') {
      void this.put(request).finally(() => this.give())
    } else {
      const answer = this.get(request)
      this.answered = this.answered.then(async () => this.client.send(await answer)).finally(() => this.give())
    }
  }

  async onInputEnd(): Promise<void> {
    await this.answered
  }

  onEnd(): void {
    this.ended.abort()
  }

  private give(): void {
    this.requests.give()
    this.init.requests.give()
  }

  /** It goes on when the client has gone: nobody waits for it */
  private async put({ key, value, ttl, replication }: DhtPut): Promise<void> {
    try {
      // of what the client sent, the bytes are only lent
      const { storedOn } = await this.init.dht.put(key.slice(), value.slice(), { ttl, replication })

      if (storedOn.length === 0) {
        this.init.log.warn(`DHT API: no peer stored the value for ${toHex(key)}`)
      }
    } catch (err) {
      this.init.log.warn(`DHT API: the value for ${toHex(key)} was not put: ${(err as Error).message}`)
    }
  }

  private async get({ key: lent }: DhtGet): Promise<Uint8Array> {
    const key = lent.slice()

    try {
      const value = await this.init.dht.get(key, { signal: this.ended.signal })
      return encodeDht(value === undefined ? { type: 'failure', key } : { type: 'success', key, value })
    } catch (err) {
      this.init.log.warn(`DHT API: ${toHex(key)} was not looked for: ${(err as Error).message}`)
      return encodeDht({ type: 'failure', key })
    }
  }
}
