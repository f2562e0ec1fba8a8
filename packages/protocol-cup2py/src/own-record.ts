import { systemRandom } from '@hearsay/protocol-core'
import { dateMillis, formatDate, parseDate } from './date.ts'
import { userHash } from './record.ts'
import { signRecord } from './verifier.ts'
import type { RsaPrivateKey } from '@hearsay/protocol-core'
import type { UserRecord } from './record.ts'

export interface OwnRecordInit {
  key: RsaPrivateKey
  /** Where we are */
  address: () => string
  /** Keeps a record, before anybody hears of it */
  keep: (record: UserRecord) => Promise<void>
}

/** Our own record: where we are, signed anew when that changes, and each time later than before. */
export class OwnRecord {
  readonly hash: string
  private readonly init: OwnRecordInit
  private last = 0
  private newest: UserRecord | undefined

  constructor(init: OwnRecordInit) {
    this.init = init
    this.hash = userHash(init.key.publicKey.pkcs1Pem)
  }

  /** The newest that was signed, wherever we are by now */
  get record(): UserRecord | undefined {
    return this.newest
  }

  /** No record may be older than this one was, whatever the clock says */
  notBefore(date: string): void {
    const parts = parseDate(date)
    this.last = Math.max(this.last, parts === undefined ? 0 : dateMillis(parts))
  }

  /** A new one, with where we are now */
  async renew(): Promise<UserRecord> {
    const { key, address, keep } = this.init
    this.last = Math.max(this.last + 1, Date.now())
    const record = await signRecord(key, this.hash, address(), dateText(this.last))
    await keep(record)

    // of several signed at once, the later may be ready first
    if (record.date > (this.newest?.date ?? '')) {
      this.newest = record
    }

    return record
  }
}

/** Never with zero microseconds: the Python library cannot read the dates it writes without them */
function dateText(millis: number): string {
  const date = new Date(millis)
  return formatDate({
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    microsecond: date.getUTCMilliseconds() * 1_000 + 1 + systemRandom.below(999)
  })
}
