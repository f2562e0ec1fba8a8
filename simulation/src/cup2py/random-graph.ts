import { liveOneGeneration, paperBehaviour } from './behaviour.ts'
import { MersenneTwister } from './mersenne-twister.ts'
import { reachOf } from './reach.ts'
import type { Behaviour, Users } from './behaviour.ts'

export interface Generation {
  nodes: number
  /** Who got to know whom, one way; twice where two were connected again */
  edges: number
  /** Requests that came to somebody who knew their sender: of all generations so far */
  repeats: number
  /** Requests that arrived: of all generations so far */
  arrived: number
}

export interface Graph {
  nodes: number
  /** Who knows whom */
  connections: [number, number][]
  /** For each user, how many a search could come to, over however many hops, itself among them */
  reach: number[]
}

/** The random graph process: users who bring others along, publish their records, and meet. */
export class RandomGraph implements Users {
  private readonly behaviour: Behaviour
  private readonly draws: MersenneTwister
  /** Whom each user knows. BOUNDED by the generations */
  private readonly books: Set<number>[] = []
  private edges = 0
  private repeats = 0
  private arrived = 0

  constructor(seed: number, behaviour: Behaviour = paperBehaviour) {
    this.behaviour = behaviour
    this.draws = new MersenneTwister(seed)
    Array.from({ length: behaviour.users }, () => this.add())
  }

  get count(): number {
    return this.books.length
  }

  /** @param company - who does the very same */
  next(company?: Users): Generation {
    liveOneGeneration(company === undefined ? this : together(this, company), this.behaviour, this.draws)
    const { count: nodes, edges, repeats, arrived } = this
    return { nodes, edges, repeats, arrived }
  }

  graph(): Graph {
    const connections = this.books.flatMap((book, user) => [...book].map((other): [number, number] => [user, other]))
    return { nodes: this.count, connections, reach: reachOf(this.books) }
  }

  add(): void {
    this.books.push(new Set())
  }

  invite(host: number): void {
    this.add()
    this.connect(this.count - 1, host)
    this.update(this.count - 1)
  }

  /**
   * To all that its author knows. Who hears of the author for the first time knows it from now on, and the author begins
   * once more, with one less depth; and goes on here after that.
   */
  update(author: number, depth = this.behaviour.depth): void {
    for (const other of this.books[author]!) {
      if (this.draws.fraction() >= this.behaviour.successfulConnection) {
        continue
      }

      this.arrived++

      if (this.books[other]!.has(author)) {
        this.repeats++
      } else {
        this.connect(other, author)

        if (depth > 0) {
          this.update(author, depth - 1)
        }
      }
    }
  }

  connect(user: number, other: number): void {
    this.books[user]!.add(other)
    this.edges++
  }

  rest(): void {}
}

/** Whatever one does the other does too */
function together(first: Users, second: Users): Users {
  const both = (act: (users: Users) => void): void => [first, second].forEach(act)
  return {
    get count() {
      return first.count
    },
    add: () => both((users) => users.add()),
    invite: (host) => both((users) => users.invite(host)),
    update: (user) => both((users) => users.update(user)),
    connect: (user, other) => both((users) => users.connect(user, other)),
    rest: () => both((users) => users.rest())
  }
}
