import { checkRange } from '@hearsay/protocol-core/pure'
import { MAX_OWN_SEARCHES } from './constants.ts'
import type { Command, SearchCost } from './contract.ts'
import type { UserRecord } from './record.ts'

export const NO_COST: SearchCost = { messages: 0, peersAsked: 0, answers: 0 }

type Question = Omit<Extract<Command, { type: 'search' }>, 'type' | 'id'>

interface Found {
  record: UserRecord | undefined
  cost: SearchCost
}

interface Open {
  best: UserRecord | undefined
  resolve: (cost: SearchCost) => void
}

/** Searches of our own that are under way: each ends with the newest record by then. */
export class OpenSearches {
  private readonly command: (command: Command) => void
  /** BOUNDED by MAX_OWN_SEARCHES: one more is refused */
  private readonly open = new Map<number, Open>()
  private started = 0

  constructor(command: (command: Command) => void) {
    this.command = command
  }

  /** @throws {InvalidParametersError} when there are too many already */
  async run(question: Question, signal: AbortSignal | undefined): Promise<Found> {
    checkRange('searches', this.open.size + 1, [0, MAX_OWN_SEARCHES])
    const id = this.started++
    const { promise, resolve } = Promise.withResolvers<SearchCost>()
    const search: Open = { best: question.held, resolve }
    const end = (): void => this.command({ type: 'end', id })
    this.open.set(id, search)
    this.command({ type: 'search', id, ...question })
    signal?.addEventListener('abort', end)

    if (signal?.aborted === true) {
      end()
    }

    const cost = await promise
    signal?.removeEventListener('abort', end)
    return { record: search.best, cost }
  }

  /** Each is newer than the one before */
  onAnswer(id: number, record: UserRecord): void {
    const search = this.open.get(id)

    if (search !== undefined) {
      search.best = record
    }
  }

  onEnded(id: number, cost: SearchCost): void {
    this.open.get(id)?.resolve(cost)
    this.open.delete(id)
  }

  /** Nobody will answer any more */
  endAll(): void {
    this.open.forEach(({ resolve }) => resolve(NO_COST))
    this.open.clear()
  }
}
