import { systemRandom } from '@hearsay/protocol-core'
import { dateMillis, formatDate, parseDate } from './date.ts'
import { userHash } from './record.ts'
import { signRecord } from './verifier.ts'
import type { RsaPrivateKey } from '@hearsay/protocol-core'
import type { UserRecord } from './record.ts'

/** Signs our own records, each later than the one before. */
export class OwnRecord {
  readonly hash: string
  private readonly key: RsaPrivateKey
  private last = 0

  constructor(key: RsaPrivateKey) {
    this.key = key
    this.hash = userHash(key.publicKey.pkcs1Pem)
  }

  /** No record may be older than this one was, whatever the clock says */
  notBefore(date: string): void {
    const parts = parseDate(date)
    this.last = Math.max(this.last, parts === undefined ? 0 : dateMillis(parts))
  }

  async sign(address: string): Promise<UserRecord> {
    this.last = Math.max(this.last + 1, Date.now())
    return signRecord(this.key, this.hash, address, dateText(this.last))
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
