import { paperBehaviour } from './behaviour.ts'
import { reachOf } from './reach.ts'
import { Cup2pySwarm } from './swarm.ts'
import { identityOf } from './records.ts'
import type { Millis, PeerKey } from '@hearsay/protocol-core/pure'
import type { Message } from '@hearsay/protocol-cup2py/codec'
import type { Users } from './behaviour.ts'
import type { Generation } from './random-graph.ts'

/** Between two things that all may do: longer than our engine holds a second record of the same user back */
const REST: Millis = 20_000

const name = (user: number): PeerKey => `user-${user}` as PeerKey

/** Counts what arrives, by what the book of who gets it says */
class CountingSwarm extends Cup2pySwarm {
  arrived = 0
  /** Came to somebody who knew their author, as the published script counts */
  repeats = 0
  /** Came to somebody who held this very record, or a newer one */
  copies = 0

  protected override onArrival(self: PeerKey, { type, ...request }: Message): void {
    if (type === 'update' && 'record' in request) {
      const held = this.book(self).get(request.record.hash)
      this.arrived++
      this.repeats += held === undefined ? 0 : 1
      this.copies += held !== undefined && held.date >= request.record.date ? 1 : 0
    }
  }
}

/** The paper's users, each of them an engine of ours. What they do is decided elsewhere. */
export class EngineUsers implements Users {
  private readonly swarm: CountingSwarm
  private readonly depth: number
  private users = 0

  /** @param depth - of an update: hops beyond those whom its author knows. @default 0, as far as the script's updates go */
  constructor(seed: number, depth = 0) {
    this.depth = depth
    this.swarm = new CountingSwarm({ seed, latency: [10, 120], arrives: paperBehaviour.successfulConnection })
    Array.from({ length: paperBehaviour.users }, () => this.add())
  }

  get count(): number {
    return this.users
  }

  get copies(): number {
    return this.swarm.copies
  }

  state(): Generation {
    const { repeats, arrived } = this.swarm
    const edges = Array.from(this.swarm.books.values(), ({ records }) => records.size).reduce((a, b) => a + b, 0)
    return { nodes: this.users, edges, repeats, arrived }
  }

  reach(): number[] {
    const numbers = new Map(Array.from({ length: this.users }, (_, user) => [identityOf(name(user)).hash, user]))
    const books = Array.from({ length: this.users }, (_, user) =>
      [...this.swarm.book(name(user)).keys()].map((hash) => numbers.get(hash)!)
    )
    return reachOf(books)
  }

  add(): void {
    this.swarm.join(name(this.users++))
  }

  invite(host: number): void {
    this.add()
    this.connect(this.users - 1, host)
    this.update(this.users - 1)
  }

  update(user: number): void {
    this.swarm.publish(name(user), this.depth)
  }

  connect(user: number, other: number): void {
    this.swarm.learn(name(user), name(other))
  }

  rest(): void {
    this.swarm.network.run(REST)
  }
}
