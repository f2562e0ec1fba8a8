/** Requests to peers and their answers. @see docs/specs/shout.md#answers */
import { MAX_REQUESTS, Opcode } from './constants.ts'
import { encodeValue } from './msgpack.ts'
import type { Context } from './context.ts'
import type { Link, PendingRequest, RequestAnswer, RequestKind } from './link.ts'
import type { Links } from './links.ts'
import type { Value } from './msgpack.ts'

const TIMER = 'requests'

const KINDS: ReadonlyMap<number, RequestKind> = new Map([
  [Opcode.PING, 'ping'],
  [Opcode.FIND_NODE, 'find'],
  [Opcode.FIND_VALUE, 'find'],
  [Opcode.STORE, 'store'],
  [Opcode.CUSTOM, 'custom']
])

export class Requests {
  private readonly context: Context
  private readonly links: Links
  private armed = false

  constructor(context: Context, links: Links) {
    this.context = context
    this.links = links
  }

  /** @param then - gets the answer, or undefined when none comes in time */
  send(link: Link, opcode: number, payload: Value, then: (answer: RequestAnswer | undefined) => void): void {
    this.sendPayload(link, opcode, encodeValue(payload), then)
  }

  /** @param payload - a value, encoded */
  sendPayload(
    link: Link,
    opcode: number,
    payload: Uint8Array,
    then: (answer: RequestAnswer | undefined) => void
  ): void {
    const kind = KINDS.get(opcode)!
    const signing = this.context.sign({ opcode, to: link.key!, payload }, (bytes) => {
      if (bytes === undefined || this.links.get(link.peer) !== link) {
        return then(undefined)
      }

      this.push(link, kind, then)
      this.links.send(link, bytes)
    })

    if (!signing) {
      then(undefined)
    }
  }

  /** Whether it was an answer to a request. A late one is, and is told to nobody */
  onAnswer(link: Link, answer: RequestAnswer): boolean {
    const kind = KINDS.get(answer.opcode)
    const request = kind && link.requests[kind].shift()
    request?.settle?.(answer)
    return request !== undefined
  }

  onDisconnected(link: Link): void {
    for (const queue of Object.values(link.requests)) {
      queue.splice(0).forEach(({ settle }) => settle?.(undefined))
    }
  }

  /** Answers come in order: a request that was given up keeps its place */
  onTimer(): void {
    this.armed = false
    const due = this.context.now - this.context.config.requestTimeout

    for (const link of this.links.all()) {
      for (const request of Object.values(link.requests).flat()) {
        if (request.at <= due && request.settle !== undefined) {
          const { settle } = request
          request.settle = undefined
          settle(undefined)
        }
      }
    }

    this.arm()
  }

  private push(link: Link, kind: RequestKind, settle: PendingRequest['settle']): void {
    link.lastUsed = this.context.now
    link.requests[kind].push({ at: this.context.now, settle })

    if (link.requests[kind].length > MAX_REQUESTS) {
      this.context.close(link.peer, 'silent')
    }

    this.arm()
  }

  private arm(): void {
    if (!this.armed) {
      const waiting = [...this.links.all()]
        .flatMap((link) => Object.values(link.requests).flat())
        .filter(({ settle }) => settle !== undefined)

      if (waiting.length > 0) {
        this.armed = true
        this.context.arm(TIMER, Math.min(...waiting.map(({ at }) => at)) + this.context.config.requestTimeout)
      }
    }
  }
}
