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
  /** In a generation, somebody comes who knows nobody */
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
  /** For each user, how many others ever got a record of it */
  reach: number[]
}

const FRACTION = 2 ** 32

/** The random graph process: users who meet, bring others along, and publish their records. */
export class RandomGraph {
  private readonly behaviour: Behaviour
  private readonly random: Random
  /** Whom each user knows. BOUNDED by the generations, like the lists below */
  private readonly books: number[][] = []
  /** For each user, one bit for each other that got its record */
  private readonly holders: Uint32Array[] = []
  private readonly reach: number[] = []
  /** The update that each user got last */
  private seen = new Int32Array(0)
  private updates = 0
  private queue = new Int32Array(0)
  private senders = new Int32Array(0)

  constructor(seed: number, behaviour: Behaviour = paperBehaviour) {
    this.behaviour = behaviour
    this.random = seededRandom(seed)
    Array.from({ length: behaviour.users }, () => this.add())
  }

  /** One generation: connections, then invitations, then updates of all who are there */
  next(): Generation {
    const { randomConnection, invite, isolatedNewcomer, update } = this.behaviour
    const before = this.books.length

    for (let user = 0; user < before; user++) {
      if (this.happens(randomConnection)) {
        this.connect(user, this.random.below(before))
      }

      if (this.happens(invite)) {
        this.connect(user, this.add())
      }
    }

    if (this.happens(isolatedNewcomer)) {
      this.add()
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
    return { nodes: this.books.length, connections, reach: this.reach.slice() }
  }

  private add(): number {
    this.books.push([])
    this.reach.push(0)
    this.holders.push(new Uint32Array(0))
    return this.books.length - 1
  }

  private connect(a: number, b: number): void {
    if (a !== b && !this.books[a]!.includes(b)) {
      this.books[a]!.push(b)
      this.books[b]!.push(a)
      this.hold(a, b)
      this.hold(b, a)
    }
  }

  /**
   * An update goes to all that its author knows, and from each who did not have it to all that one knows and that did
   * not pass it on, to the depth it has.
   */
  private publish(author: number, total: { repeats: number; messages: number }): void {
    const { depth, successfulConnection } = this.behaviour
    const mark = ++this.updates
    const { seen, queue, senders } = this
    let [from, to] = [0, 1]
    queue[0] = author
    senders[0] = -1
    seen[author] = mark

    for (let hop = 0; hop <= depth; hop++) {
      const end = to

      for (; from < end; from++) {
        for (const other of this.books[queue[from]!]!) {
          if (this.passedOn(from, other)) {
            continue
          }

          total.messages++

          if (this.happens(successfulConnection)) {
            if (seen[other] === mark) {
              total.repeats++
            } else {
              seen[other] = mark
              queue[to] = other
              senders[to++] = from
              this.hold(other, author)
            }
          }
        }
      }
    }
  }

  /** Whether somebody is among those through whom the update came: its list of checked users names them */
  private passedOn(at: number, user: number): boolean {
    for (let step = at; step >= 0; step = this.senders[step]!) {
      if (this.queue[step] === user) {
        return true
      }
    }

    return false
  }

  private hold(holder: number, author: number): void {
    let bits = this.holders[author]!

    if (bits.length <= holder >> 5) {
      const grown = new Uint32Array(Math.max(bits.length * 2, (holder >> 5) + 1))
      grown.set(bits)
      this.holders[author] = bits = grown
    }

    const bit = 1 << (holder & 31)

    if ((bits[holder >> 5]! & bit) === 0) {
      bits[holder >> 5]! |= bit
      this.reach[author]!++
    }
  }

  private makeRoom(nodes: number): void {
    if (this.queue.length < nodes) {
      const seen = new Int32Array(2 * nodes)
      seen.set(this.seen)
      this.seen = seen
      this.queue = new Int32Array(2 * nodes)
      this.senders = new Int32Array(2 * nodes)
    }
  }

  private happens(probability: number): boolean {
    return this.random.below(FRACTION) < probability * FRACTION
  }
}
