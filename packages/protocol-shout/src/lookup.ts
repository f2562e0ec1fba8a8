/**
 * The way to the nodes closest to an address: α at a time, each asked for those it knows.
 *
 * @see docs/specs/shout.md#table
 */
import { toHex } from '@hearsay/protocol-core/pure'
import { compareDistance } from './distance.ts'
import { Opcode } from './constants.ts'
import { readNodeInfo } from './payloads.ts'
import { sameBytes } from './message.ts'
import type { Context } from './context.ts'
import type { Link, RequestAnswer } from './link.ts'
import type { Links } from './links.ts'
import type { Value } from './msgpack.ts'
import type { Known, Nodes } from './nodes.ts'
import type { Requests } from './requests.ts'

interface Candidate {
  node: Known
  state: 'new' | 'asked' | 'answered' | 'failed'
}

export interface LookupInit {
  target: Uint8Array
  opcode: typeof Opcode.FIND_NODE | typeof Opcode.FIND_VALUE
  payload: Value
  /** Stop as soon as this node is known */
  wanted?: Uint8Array | undefined
  onValue?(rest: readonly Value[]): void
  /** The closest that answered, or that are wanted, closest first */
  done(nodes: Candidate['node'][]): void
}

export class Lookup {
  private readonly context: Context
  private readonly links: Links
  private readonly nodes: Nodes
  private readonly requests: Requests
  private readonly init: LookupInit
  /** Closest first. BOUNDED by k answers of each of those asked, cut to 4 k */
  private candidates: Candidate[] = []
  /** By hexadecimal id. BOUNDED by the nodes told in answers */
  private readonly known = new Set<string>()
  private open = 0
  private over = false
  private stepping = false

  constructor(parts: { context: Context; links: Links; nodes: Nodes; requests: Requests }, init: LookupInit) {
    this.context = parts.context
    this.links = parts.links
    this.nodes = parts.nodes
    this.requests = parts.requests
    this.init = init
  }

  start(): void {
    const { k } = this.context.config
    this.nodes.closest(this.init.target, k).forEach((node) => this.add(node))
    this.step()
  }

  private add(node: Candidate['node']): void {
    const id = toHex(node.id)

    if (!this.known.has(id) && !sameBytes(node.key, this.context.key)) {
      this.known.add(id)
      this.candidates.push({ node, state: 'new' })
    }
  }

  /** Ask the closest that were not asked yet, until the k closest have answered */
  private step(): void {
    const { target, wanted } = this.init
    const { k, alpha } = this.context.config

    // asking may answer at once, and call back into here
    if (this.over || this.stepping) {
      return
    }

    this.stepping = true
    this.candidates = this.candidates.toSorted((a, b) => compareDistance(target, a.node.id, b.node.id)).slice(0, 4 * k)
    const found = wanted && this.candidates.find(({ node }) => sameBytes(node.id, wanted))
    for (let next = this.next(); next !== undefined && this.open < alpha; next = this.next()) {
      if (found !== undefined) {
        break
      }

      this.query(next)
    }

    this.stepping = false

    if (found !== undefined || this.open === 0) {
      this.end(found)
    }
  }

  private next(): Candidate | undefined {
    return this.candidates
      .filter(({ state }) => state !== 'failed')
      .slice(0, this.context.config.k)
      .find(({ state }) => state === 'new')
  }

  private query(candidate: Candidate): void {
    const { node } = candidate
    candidate.state = 'asked'
    this.open++

    const ask = (link: Link | undefined): void => {
      if (link === undefined) {
        return this.onAnswer(candidate, undefined)
      }

      this.requests.send(link, this.init.opcode, this.init.payload, (answer) => this.onAnswer(candidate, answer))
    }

    if (node.address === undefined) {
      ask(this.links.byKey(node.key))
    } else {
      this.links.reach({ key: node.key, address: node.address }, (link) => {
        this.nodes.onReached(node, link)
        ask(link)
      })
    }
  }

  private onAnswer(candidate: Candidate, answer: RequestAnswer | undefined): void {
    const { k, beta } = this.context.config
    this.open--
    candidate.state = answer?.accepted === true ? 'answered' : 'failed'

    if (answer?.accepted === true && answer.opcode === Opcode.FIND_VALUE) {
      this.init.onValue?.(answer.rest)
    } else if (answer?.accepted === true) {
      for (const told of answer.rest.slice(0, k)) {
        const info = readNodeInfo(told, beta)

        if (info !== undefined) {
          this.add({ ...info, id: this.nodes.idOf(info.key), group: '' })
        }
      }
    }

    this.step()
  }

  private end(found: Candidate | undefined): void {
    const answered = this.candidates.filter(({ state }) => state === 'answered').slice(0, this.context.config.k)
    this.over = true
    this.init.done((found === undefined ? answered : [found]).map(({ node }) => node))
  }
}
