/** Two ways to load a swarm, and what is seen of it meanwhile. */
import { IN_FLIGHT } from './hosts.ts'
import { MEASURE_TIME, percentile } from './rounds.ts'
import type { Swarm } from './swarm.ts'

export interface LoopResult {
  /** Publishes a second */
  rate: number
  /** Of deliveries, from publish to delivery, in ms */
  p50: number
  p99: number
  /** On the wire, everything included */
  bytesPerDelivery: number
  /** CPU time of this process, in µs */
  cpuPerDelivery: number
  /** Of the deliveries there should be; 1 when nothing is lost */
  delivered: number
}

/** What has not arrived this long after the last publish does not arrive, in ms */
const PATIENCE = 10_000
/** Deliveries whose latency is kept */
const MAX_LATENCIES = 1_000_000

/** Messages said in this process: no two are alike, as who tells them apart by their content would drop the second */
let saidEver = 0

/** Counts what is said and heard. Each message begins with its number. */
class Count {
  readonly swarm: Swarm
  readonly size: number
  said = 0
  heard = 0
  private readonly sentAt: number[] = []
  private readonly latencies: number[] = []
  private readonly first = saidEver
  private readonly start = performance.now()
  private readonly bytes: number
  private readonly cpu = process.cpuUsage()

  constructor(swarm: Swarm, size: number) {
    this.swarm = swarm
    this.size = size
    this.bytes = swarm.bytes()
  }

  /** The first of two hosts says everything; of more, all in turn */
  say(): void {
    const data = new Uint8Array(this.size)
    new DataView(data.buffer).setUint32(0, saidEver++)
    this.sentAt.push(performance.now())
    this.swarm.publish(this.swarm.nodes === 2 ? 0 : this.said % this.swarm.nodes, data)
    this.said++
  }

  hear(data: Uint8Array): void {
    this.heard++

    if (this.latencies.length < MAX_LATENCIES) {
      const number = (data[0]! << 24) | (data[1]! << 16) | (data[2]! << 8) | data[3]!
      this.latencies.push(performance.now() - this.sentAt[number - this.first]!)
    }
  }

  get wanted(): number {
    return this.said * (this.swarm.nodes - 1)
  }

  get inFlight(): number {
    return this.said - Math.floor(this.heard / (this.swarm.nodes - 1))
  }

  result(): LoopResult {
    const { user, system } = process.cpuUsage(this.cpu)
    return {
      rate: this.said / ((performance.now() - this.start) / 1_000),
      p50: percentile(this.latencies, 0.5),
      p99: percentile(this.latencies, 0.99),
      bytesPerDelivery: (this.swarm.bytes() - this.bytes) / this.heard,
      cpuPerDelivery: (user + system) / this.heard,
      delivered: this.heard / this.wanted
    }
  }
}

/** Always 64 messages on their way, a new one for each that has reached all others; until all that was said is heard */
export async function closedLoop(swarm: Swarm, size: number, time = MEASURE_TIME): Promise<LoopResult> {
  const count = new Count(swarm, size)
  const end = performance.now() + time
  let giveUp: ReturnType<typeof setTimeout> | undefined

  await new Promise<void>((resolve) => {
    const sayMore = (): void => {
      while (performance.now() < end && count.inFlight < IN_FLIGHT) {
        count.say()
      }
    }
    swarm.onDelivery((data) => {
      count.hear(data)
      sayMore()

      if (count.heard >= count.wanted) {
        resolve()
      }
    })
    giveUp = setTimeout(resolve, time + PATIENCE)
    sayMore()
  })

  return finish(count, giveUp)
}

/** So many messages a second, whatever becomes of those before */
export async function openLoop(swarm: Swarm, size: number, perSecond: number, time: number): Promise<LoopResult> {
  const count = new Count(swarm, size)
  const start = performance.now()
  const all = Math.round((perSecond * time) / 1_000)
  let giveUp: ReturnType<typeof setTimeout> | undefined

  await new Promise<void>((resolve) => {
    const sayDue = (): void => {
      for (const due = ((performance.now() - start) * perSecond) / 1_000; count.said < Math.min(due, all);) {
        count.say()
      }

      if (count.said < all) {
        setTimeout(sayDue, Math.max(0, start + (count.said * 1_000) / perSecond - performance.now()))
      }
    }
    swarm.onDelivery((data) => {
      count.hear(data)

      if (count.said === all && count.heard >= count.wanted) {
        resolve()
      }
    })
    giveUp = setTimeout(resolve, time + PATIENCE)
    sayDue()
  })

  return finish(count, giveUp)
}

function finish(count: Count, giveUp: ReturnType<typeof setTimeout> | undefined): LoopResult {
  clearTimeout(giveUp)
  count.swarm.onDelivery(() => {})
  return count.result()
}
