import { seededRandom } from '@hearsay/protocol-core/pure'
import type { Random } from '@hearsay/protocol-core/pure'

/** What users do in one generation. */
export interface Behaviour {
  users: number
  generations: number
  /** A user gets to know a random other */
  randomConnection: number
  /** A user brings a new one along */
  invite: number
  /** A user publishes its record anew */
  update: number
  /** One request reaches the user it is sent to */
  successfulConnection: number
  /** The depth of an update: it takes one hop more than this */
  depth: number
  /** Of random connections, how many show somebody else the way who then knows nobody */
  isolatedNewcomer: number
}

/** As the paper has it, section 5. @see docs/simulation.md#the-cup2py-paper */
export const paperBehaviour: Behaviour = {
  users: 5,
  generations: 50,
  randomConnection: 0.05,
  invite: 0.1,
  update: 0.5,
  successfulConnection: 0.7,
  depth: 3,
  isolatedNewcomer: 0.1
}

export interface Generation {
  nodes: number
  /** Entries of address books: a connection is two, one on each side */
  edges: number
  /** Updates that came to somebody who had them already, in this generation */
  repeats: number
  updates: number
  /** Requests sent, those that did not arrive included */
  messages: number
}

export interface Graph {
  nodes: number
  connections: [number, number][]
  /** For each user, how many others are connected to it, over however many hops */
  reach: number[]
}

const FRACTION = 2 ** 32

/** How often a user looks for somebody it does not know yet */
const TRIES = 10

/** The random graph process: users who meet, bring others along, and publish their records. */
export class RandomGraph {
  private readonly behaviour: Behaviour
  private readonly random: Random
  /** Whom each user knows. BOUNDED by the generations, like the lists below */
  private readonly books: number[][] = []
  /** The update that each user got last */
  private seen = new Int32Array(0)
  private queue = new Int32Array(0)
  private updates = 0

  constructor(seed: number, behaviour: Behaviour = paperBehaviour) {
    this.behaviour = behaviour
    this.random = seededRandom(seed)
    Array.from({ length: behaviour.users }, () => this.add())
  }

  /** One generation: those who are there connect and invite; then all publish who want to */
  next(): Generation {
    const { randomConnection, invite, isolatedNewcomer, update } = this.behaviour
    const before = this.books.length

    for (let user = 0; user < before; user++) {
      if (this.happens(randomConnection)) {
        this.meet(user, before)

        if (this.happens(isolatedNewcomer)) {
          this.add()
        }
      }

      if (this.happens(invite)) {
        this.connect(user, this.add())
      }
    }

    const total = { repeats: 0, updates: 0, messages: 0 }
    const { length: nodes } = this.books
    this.makeRoom(nodes)

    for (let user = 0; user < nodes; user++) {
      if (this.happens(update)) {
        total.updates++
        this.publish(user, total)
      }
    }

    return { nodes, edges: this.books.reduce((sum, book) => sum + book.length, 0), ...total }
  }

  graph(): Graph {
    const connections = this.books.flatMap((book, user) =>
      book.filter((other) => user < other).map((other): [number, number] => [user, other])
    )
    return { nodes: this.books.length, connections, reach: this.reach() }
  }

  private add(): number {
    this.books.push([])
    return this.books.length - 1
  }

  private meet(user: number, users: number): void {
    for (let tries = 0; tries < TRIES && !this.connect(user, this.random.below(users)); tries++);
  }

  /** @returns whether they did not know each other before */
  private connect(a: number, b: number): boolean {
    if (a === b || this.books[a]!.includes(b)) {
      return false
    }

    this.books[a]!.push(b)
    this.books[b]!.push(a)
    return true
  }

  /**
   * An update goes to all that its author knows, and from each who did not have it to all that one knows but the
   * author, to the depth it has.
   */
  private publish(author: number, total: { repeats: number; messages: number }): void {
    const { depth, successfulConnection } = this.behaviour
    const mark = ++this.updates
    const { seen, queue } = this
    let [from, to] = [0, 1]
    queue[0] = author

    for (let hop = 0; hop <= depth; hop++) {
      const end = to

      for (; from < end; from++) {
        for (const other of this.books[queue[from]!]!) {
          if (other === author) {
            continue
          }

          total.messages++

          if (!this.happens(successfulConnection)) {
            continue
          } else if (seen[other] === mark) {
            total.repeats++
          } else {
            seen[other] = mark
            queue[to++] = other
          }
        }
      }
    }
  }

  /** For each user the size of its connected group, without itself */
  private reach(): number[] {
    const reach: number[] = Array.from({ length: this.books.length }, () => -1)

    for (let user = 0; user < reach.length; user++) {
      const group = reach[user] === -1 ? [user] : []
      reach[user] = Math.max(0, reach[user]!)

      for (const member of group) {
        for (const other of this.books[member]!.filter((each) => reach[each] === -1)) {
          reach[other] = 0
          group.push(other)
        }
      }

      group.forEach((member) => (reach[member] = group.length - 1))
    }

    return reach
  }

  private makeRoom(nodes: number): void {
    if (this.queue.length < nodes) {
      const seen = new Int32Array(2 * nodes)
      seen.set(this.seen)
      this.seen = seen
      this.queue = new Int32Array(2 * nodes)
    }
  }

  private happens(probability: number): boolean {
    return this.random.below(FRACTION) < probability * FRACTION
  }
}
