import { dhtKey, dhtValue, parseValue } from './dht.ts'
import type { Logger } from '@libp2p/interface'
import type { Millis } from '@hearsay/protocol-core/pure'
import type { RecordRouting } from './dht.ts'
import type { UserRecord } from './record.ts'

/** Records in a DHT, if there is one: what goes wrong there is logged, and costs at most `timeout`. */
export class Routing {
  private readonly dht: RecordRouting | false
  private readonly timeout: Millis
  private readonly log: Logger

  constructor(dht: RecordRouting | false, timeout: Millis, log: Logger) {
    this.dht = dht
    this.timeout = timeout
    this.log = log
  }

  /** @returns what the DHT has of a user, not verified */
  async find(hash: string, signal: AbortSignal): Promise<UserRecord | undefined> {
    try {
      const value = this.dht === false ? undefined : await this.dht.get(dhtKey(hash), this.limit(signal))
      const record = value === undefined ? undefined : parseValue(value)
      return record?.hash === hash ? record : undefined
    } catch (err) {
      this.log('nothing in the DHT about %s - %e', hash, err)
      return undefined
    }
  }

  async tell(record: UserRecord, signal: AbortSignal): Promise<void> {
    try {
      if (this.dht !== false) {
        await this.dht.put(dhtKey(record.hash), dhtValue(record), this.limit(signal))
      }
    } catch (err) {
      this.log('the DHT did not take our record - %e', err)
    }
  }

  private limit(signal: AbortSignal): { signal: AbortSignal } {
    return { signal: AbortSignal.any([signal, AbortSignal.timeout(this.timeout)]) }
  }
}
