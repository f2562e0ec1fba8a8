import { Cup2pyEngine, engineDefaults } from '@hearsay/protocol-cup2py/engine'
import { VirtualNetwork } from '../network/network.ts'
import { identityOf, isSigned, peerAt, recordOf, START } from './records.ts'
import type { Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { Message, UserRecord } from '@hearsay/protocol-cup2py/codec'
import type { Answer, Ask, Command, Cup2pyConfig, Event, SearchCost } from '@hearsay/protocol-cup2py/engine'
import type { Adapter, EngineOf, InputOf, NetworkConfig, Reply } from '../network/network.ts'

export interface Cup2pyProtocol {
  message: Message
  command: Command
  answer: Answer
  event: Event
  ask: Ask
}

export type UserEngine = EngineOf<Cup2pyProtocol>

export interface UserInit {
  self: PeerKey
  user: string
  random: Random
  config: Cup2pyConfig
}

/** Our engine, or one that it is compared with */
export type CreateUser = (init: UserInit) => UserEngine

export const ourUser: CreateUser = (init) => new Cup2pyEngine(init)

export interface Cup2pySwarmConfig extends NetworkConfig {
  config?: Partial<Cup2pyConfig>
  /** @default our engine */
  create?: CreateUser
  /** How often a request arrives, 0 to 1. @default 1 */
  arrives?: number
}

/** What was observed of one search */
export interface SearchOutcome {
  /** In ms, from the question to the first answer */
  latency: Millis | undefined
  cost: SearchCost | undefined
}

/** The book of a node, as its application keeps it */
export interface Book {
  /** By user hash. BOUNDED by the engine's maxUsers */
  records: Map<string, UserRecord>
  /** The newest date ever held of each. BOUNDED by the users of a run */
  floors: Map<string, string>
}

const FRACTION = 2 ** 32
const HASH_AND_SEPARATOR = 65
/** `UPDATE`, six separators and the brackets of the list */
const FIXED_BYTES = 14

/** Users with address books, and what was observed of them. Subclass it to see more. */
export class Cup2pySwarm implements Adapter<Cup2pyProtocol> {
  readonly protocol = '/hearsay/cup2py/1.0.0'
  readonly network: VirtualNetwork<Cup2pyProtocol>
  /** BOUNDED by the nodes, like the maps below */
  readonly books = new Map<PeerKey, Book>()
  /** Requests handed to the network */
  readonly sent: Record<Message['type'], number> = { update: 0, search: 0 }
  private readonly config: Cup2pySwarmConfig
  /** BOUNDED by the nodes */
  private readonly firstRecords = new Map<PeerKey, UserRecord>()
  private readonly searches = new Map<number, SearchOutcome & { at: Millis }>()

  constructor(config: Cup2pySwarmConfig) {
    this.config = config
    this.network = new VirtualNetwork(this, config)
  }

  /** @param where - the node that it says it is at. @default its own */
  join(name: PeerKey, where: PeerKey = name): void {
    this.books.set(name, { records: new Map(), floors: new Map() })
    this.network.add(name)
    this.network.command(name, { type: 'own', record: recordOf(name, 0, where) })
  }

  book(name: PeerKey): Map<string, UserRecord> {
    return this.books.get(name)!.records
  }

  /** Somebody's record comes into a book by hand */
  learn(name: PeerKey, other: PeerKey): void {
    if (!this.book(name).has(identityOf(other).hash)) {
      this.network.command(name, { type: 'learn', record: this.first(other), reachedAt: START + this.network.now })
    }
  }

  /** What somebody signed before the run: one text for all books */
  private first(name: PeerKey): UserRecord {
    const known = this.firstRecords.get(name) ?? recordOf(name, 0)
    this.firstRecords.set(name, known)
    return known
  }

  forget(name: PeerKey, hash: string): void {
    this.book(name).delete(hash)
    this.network.command(name, { type: 'forget', hash })
  }

  /** @returns the record it publishes, of this moment */
  publish(name: PeerKey, depth: number): UserRecord {
    const record = recordOf(name, this.network.now)
    this.network.command(name, { type: 'own', record })
    this.network.command(name, { type: 'publish', record, depth })
    return record
  }

  /** @returns the search's number, for `found` */
  search(name: PeerKey, target: string, depth: number, quietTime: Millis): number {
    const id = this.searches.size
    const { now } = this.network
    this.searches.set(id, { at: now, latency: undefined, cost: undefined })
    const held = this.book(name).get(target)
    this.network.command(name, { type: 'search', id, target, sender: recordOf(name, now), depth, quietTime, held })
    return id
  }

  found(id: number): SearchOutcome {
    return this.searches.get(id)!
  }

  createEngine(self: PeerKey, random: Random): UserEngine {
    const { config, create = ourUser } = this.config
    const user = identityOf(self).hash
    const engine = create({ self, user, random, config: { ...engineDefaults, ...config } })
    return {
      handle: (input, now) => {
        if (input.type === 'message' && !this.arrives(self, input)) {
          return []
        }

        return engine.handle(input, now)
      }
    }
  }

  answer(self: PeerKey, ask: Ask, { send }: Reply<Cup2pyProtocol>): void {
    const { records, floors } = this.books.get(self)!

    switch (ask.type) {
      case 'verify':
        return send({
          type: 'verified',
          ticket: ask.ticket,
          verdict: isSigned(ask.record) ? 'valid' : 'invalid',
          floor: floors.get(ask.record.hash),
          wallTime: START + this.network.now
        })
      case 'fetch':
        return send({ type: 'fetched', peer: ask.peer, record: records.get(ask.hash) })
      case 'store': {
        const { hash, date } = ask.record
        records.set(hash, ask.record)
        ask.evicted.forEach((each) => records.delete(each))
        floors.set(hash, date > (floors.get(hash) ?? '') ? date : floors.get(hash)!)
      }
    }
  }

  target(peer: PeerKey | undefined, addresses: readonly string[]): PeerKey | undefined {
    return peer ?? peerAt(addresses[0])
  }

  /** As long as its text: nothing of it is beyond ASCII here */
  bytes({ type, depth, checked, ...message }: Message): number {
    const { publicKey, address, date, signature } = 'record' in message ? message.record : message.sender
    const record = publicKey.length + address.length + date.length + signature.length
    const target = type === 'search' ? HASH_AND_SEPARATOR : 0
    const list = Math.max(0, HASH_AND_SEPARATOR * checked.length - 1)
    return FIXED_BYTES + target + record + String(depth).length + list
  }

  onSend(_from: PeerKey, _to: PeerKey, message: Message, _bytes: number): void {
    this.sent[message.type]++
  }

  onEvent(_self: PeerKey, event: Event, now: Millis): void {
    if (event.type === 'answer') {
      const search = this.searches.get(event.id)!
      search.latency ??= now - search.at
    } else if (event.type === 'ended') {
      this.searches.get(event.id)!.cost = event.cost
    }
  }

  /** A request came to a node. To be overridden by those who look */
  protected onArrival(_self: PeerKey, _message: Message): void {}

  private arrives(self: PeerKey, { message }: Extract<InputOf<Cup2pyProtocol>, { type: 'message' }>): boolean {
    const { arrives = 1 } = this.config
    const isThere = arrives === 1 || this.network.random.below(FRACTION) < arrives * FRACTION

    if (isThere) {
      this.onArrival(self, message)
    }

    return isThere
  }
}
