import { sample } from '@hearsay/protocol-core/pure'
import { identityOf } from '../cup2py/records.ts'
import { Cup2pySwarm } from '../cup2py/swarm.ts'
import { mean, quantile } from '../swarm/measures.ts'
import { HostileUser } from './hostile-user.ts'
import type { Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { Message, UserRecord } from '@hearsay/protocol-cup2py/codec'
import type { Cup2pyConfig, Event } from '@hearsay/protocol-cup2py/engine'
import type { LinkConfig } from '../network/links.ts'
import type { CreateUser, UserEngine } from '../cup2py/swarm.ts'
import type { React } from './hostile-user.ts'

export interface RecordsLabConfig {
  seed: number
  create: CreateUser
  /** @default 100 */
  honest?: number
  links?: LinkConfig
  config?: Partial<Cup2pyConfig>
}

/** What came of an attack on users and their records */
export interface RecordsOutcome {
  /** Records that are there where they should be */
  delivery: number
  /** The same of those the attack is aimed at */
  victims: number
  p50Latency: Millis
  p99Latency: Millis
  duplicates: number
  bytesPerDelivery: number
  penalties: number
  wronglyPunished: number
  /** Of the entries of an honest book, mean */
  hostileShare: number
  /** Entries of attackers in the book that has most of them */
  worstHostile: number
  /** Requests that honest users sent */
  forwards: number
  /** After the last one should have arrived */
  restless: number
  /** Older records taken for newer ones */
  rolledBack: number
  /** Bytes to somebody who took no part */
  reflected: number
}

interface Publication {
  author: PeerKey
  at: Millis
  /** BOUNDED by the nodes */
  delivered: Set<PeerKey>
}

export const SECOND: Millis = 1_000
export const MINUTE: Millis = 60_000
const ENTRIES = 8
const DEPTH = 3
/** Far more than any of these costs an engine of ours: then it is a storm, and the run ends */
const MAX_MESSAGES = 500_000
const SETTLE = 30 * SECOND
/** Reasons to close a peer that blame it */
const BLAMES = new Set(['malformed', 'forged'])
const LINKS: LinkConfig = { latency: [10, 120], jitter: 20, loss: 0.005 }

/** Honest users, each with eight others in its book, and attackers. */
export class RecordsLab extends Cup2pySwarm {
  readonly honest: readonly PeerKey[]
  /** Somebody who takes no part: nobody has it in a book */
  readonly bystander = 'bystander' as PeerKey
  private readonly hostile = new Map<PeerKey, UserEngine>()
  /** By user and date. BOUNDED by the publications of a run, like the maps below */
  private readonly publications = new Map<string, Publication>()
  private readonly latencies: Millis[] = []
  private readonly punished = new Set<PeerKey>()
  private received = 0
  private honestBytes = 0
  private figures = { forwards: 0, penalties: 0, rolledBack: 0, reflected: 0 }

  constructor({ seed, create, honest = 100, links = LINKS, config = {} }: RecordsLabConfig) {
    super({ seed, create, maxMessages: MAX_MESSAGES, config: { dialRate: 1_000, ...config }, ...links })
    this.honest = Array.from({ length: honest }, (_, i) => `node-${i}` as PeerKey)
    this.honest.forEach((name) => this.join(name))

    for (const name of this.honest) {
      const others = this.honest.filter((each) => each !== name)
      sample(others, ENTRIES, this.network.random).forEach((other) => this.learn(name, other))
    }

    this.hostile.set(this.bystander, new HostileUser([]))
    this.join(this.bystander)
    this.pass(SECOND)
  }

  /** Attackers that send to `targets` */
  attackers(count: number, targets: readonly PeerKey[], react?: React): PeerKey[] {
    const first = this.hostile.size
    return Array.from({ length: count }, (_, i) => {
      const name = `sybil-${first + i}` as PeerKey
      this.hostile.set(name, new HostileUser(targets, react))
      this.join(name)
      return name
    })
  }

  pass(ms: Millis): void {
    this.network.run(ms)
  }

  /** Whatever an attacker likes, to all its targets */
  sendRecord(attacker: PeerKey, record: UserRecord, depth: number): void {
    this.network.command(attacker, { type: 'publish', record, depth })
  }

  /** An honest user says where it is now: counted */
  announce(author: PeerKey, depth = DEPTH): UserRecord {
    const record = this.publish(author, depth)
    this.publications.set(keyOf(record), { author, at: this.network.now, delivered: new Set() })
    return record
  }

  /** That many within a minute, by honest users in random order or by `authors`: each in turn, as often as it takes */
  announceEvenly(count: number, authors: readonly PeerKey[] = this.honest): void {
    const order = sample(authors, authors.length, this.network.random)

    for (let i = 0; i < count; i++) {
      this.network.schedule((i * MINUTE) / count, () => void this.announce(order[i % order.length]!))
    }

    this.pass(MINUTE + SETTLE)
  }

  /** Costs count from now on */
  startCounting(): void {
    this.honestBytes = 0
    this.received = 0
    this.figures.forwards = 0
  }

  /** @param victims - those the attack is aimed at. @default all */
  outcome(victims: readonly PeerKey[] = this.honest): RecordsOutcome {
    const before = this.figures.forwards
    const sorted = this.latencies.toSorted((a, b) => a - b)
    const { length: deliveries } = sorted
    const result = {
      delivery: this.deliveredTo(this.honest),
      victims: this.deliveredTo(victims),
      p50Latency: quantile(sorted, 0.5),
      p99Latency: quantile(sorted, 0.99),
      duplicates: this.received / deliveries - 1,
      bytesPerDelivery: this.honestBytes / deliveries,
      wronglyPunished: this.punished.size,
      ...this.hostileShares()
    }
    const counted = { ...this.figures }
    this.pass(SETTLE)
    return { ...result, ...counted, restless: this.figures.forwards - before }
  }

  override createEngine(self: PeerKey, random: Random): UserEngine {
    return this.hostile.get(self) ?? super.createEngine(self, random)
  }

  override onSend(from: PeerKey, to: PeerKey, message: Message, bytes: number): void {
    super.onSend(from, to, message, bytes)

    if (!this.hostile.has(from)) {
      this.figures.forwards++
      this.honestBytes += bytes
      this.figures.reflected += to === this.bystander ? bytes : 0
    }
  }

  override onEvent(self: PeerKey, event: Event, now: Millis): void {
    super.onEvent(self, event, now)

    if (event.type === 'record') {
      const { record } = event
      const publication = this.publications.get(keyOf(record))
      // what was ever held, this record included
      this.figures.rolledBack += record.date < (this.books.get(self)!.floors.get(record.hash) ?? '') ? 1 : 0

      if (publication !== undefined && publication.author !== self && !publication.delivered.has(self)) {
        publication.delivered.add(self)
        this.latencies.push(now - publication.at)
      }
    }
  }

  onClose(self: PeerKey, peer: PeerKey, reason: string): void {
    if (!this.hostile.has(self) && BLAMES.has(reason)) {
      this.figures.penalties++

      if (!this.hostile.has(peer)) {
        this.punished.add(peer)
      }
    }
  }

  protected override onArrival(_self: PeerKey, message: Message): void {
    this.received += message.type === 'update' && this.publications.has(keyOf(message.record)) ? 1 : 0
  }

  private deliveredTo(users: readonly PeerKey[]): number {
    let [possible, done] = [0, 0]

    for (const { author, delivered } of this.publications.values()) {
      possible += users.filter((user) => user !== author).length
      done += users.filter((user) => delivered.has(user)).length
    }

    return done / possible
  }

  private hostileShares(): { hostileShare: number; worstHostile: number } {
    const honest = new Set(this.honest.map((name) => identityOf(name).hash))
    const books = this.honest.map((name) => [...this.book(name).keys()])
    const hostile = books.map((hashes) => hashes.filter((hash) => !honest.has(hash)).length)
    const shares = hostile.map((count, i) => count / Math.max(1, books[i]!.length))
    return { hostileShare: mean(shares), worstHostile: Math.max(...hostile) }
  }
}

function keyOf({ hash, date }: UserRecord): string {
  return `${hash} ${date}`
}
