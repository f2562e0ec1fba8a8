import type { SubscriberId } from './contract.ts'

/** Who hears announces of which data type. */
export class Subscribers {
  /** BOUNDED by MAX_SUBSCRIPTIONS, which the service checks */
  private readonly parties = new Map<SubscriberId, { party: string; dataType: number }>()
  /** The same, by data type. BOUNDED by `parties` */
  private readonly byType = new Map<number, SubscriberId[]>()

  add(subscriber: SubscriberId, party: string, dataType: number): void {
    this.parties.set(subscriber, { party, dataType })
    this.byType.set(dataType, [...this.of(dataType), subscriber])
  }

  remove(subscriber: SubscriberId): void {
    const subscription = this.parties.get(subscriber)

    if (subscription !== undefined) {
      const left = this.of(subscription.dataType).filter((each) => each !== subscriber)
      this.parties.delete(subscriber)

      if (left.length > 0) {
        this.byType.set(subscription.dataType, left)
      } else {
        this.byType.delete(subscription.dataType)
      }
    }
  }

  /** Those of a data type, without those of one party */
  of(dataType: number, exceptParty?: string): readonly SubscriberId[] {
    const all = this.byType.get(dataType) ?? []
    return exceptParty === undefined ? all : all.filter((each) => this.parties.get(each)?.party !== exceptParty)
  }
}
