/**
 * FIND_NODE, FIND_VALUE and STORE: what others ask of us, and what we ask of them.
 *
 * @see docs/specs/shout.md#table
 */
import { Opcode } from './constants.ts'
import { addressOf, bytesOfKey, compareDistance } from './distance.ts'
import { Lookup } from './lookup.ts'
import { messageAt, sameBytes } from './message.ts'
import { encodeValue } from './msgpack.ts'
import { readFindNode, readFindValue, readStore, writeNodeInfo } from './payloads.ts'
import { readClaim } from './proofs.ts'
import { Values } from './values.ts'
import type { CallId, Command, FoundValue } from './contract.ts'
import type { Context } from './context.ts'
import type { TrueMessage } from './intake.ts'
import type { Link, RequestAnswer } from './link.ts'
import type { Links } from './links.ts'
import type { Value } from './msgpack.ts'
import type { Dialable, Nodes } from './nodes.ts'
import type { NodeInfo } from './payloads.ts'
import type { Requests } from './requests.ts'
import type { StoredValue } from './values.ts'

type CommandOf<T extends Command['type']> = Extract<Command, { type: T }>
type Replica = Pick<Dialable, 'id' | 'key'> & { address: string | undefined }

/** What all answers to a STORE come to */
interface Tally {
  accepted: number
  asked: number
  version: number
  refusal: { reason: string; version: number | undefined } | undefined
}

/** Of all values in one answer */
const MAX_ANSWER_BYTES = 128 * 1_024

export class Table {
  private readonly context: Context
  private readonly links: Links
  private readonly nodes: Nodes
  private readonly requests: Requests
  private readonly values: Values

  constructor(parts: { context: Context; links: Links; nodes: Nodes; requests: Requests }) {
    this.context = parts.context
    this.links = parts.links
    this.nodes = parts.nodes
    this.requests = parts.requests
    this.values = new Values(parts.context.config, parts.context)
  }

  /** A request of a peer */
  onRequest(link: Link, { message, value }: TrueMessage): void {
    const { beta, tau } = this.context.config

    switch (message.opcode) {
      case Opcode.FIND_NODE: {
        const target = readFindNode(value!, beta, tau)
        return target === undefined ? this.refuse(link, message.opcode) : this.answerNodes(link, target)
      }
      case Opcode.FIND_VALUE:
        return this.onFindValue(link, value!)
      case Opcode.STORE:
        return this.onStore(link, { message, value })
    }
  }

  /** The k nodes closest to an address, or the one that is wanted */
  findNode(target: Uint8Array, wanted: Uint8Array | undefined, done: (nodes: Replica[]) => void): void {
    const { context, links, nodes, requests } = this
    const init = { target, opcode: Opcode.FIND_NODE, payload: target, wanted, done }
    new Lookup({ context, links, nodes, requests }, init).start()
  }

  findNodes({ call, target }: CommandOf<'findNode'>): void {
    this.findNode(target, undefined, (found) => {
      const nodes = found.filter((node): node is Dialable => node.address !== undefined)
      const infos: NodeInfo[] = nodes.map(({ key, address }) => ({ key, address }))
      this.context.result(call, { type: 'nodes', nodes: infos })
    })
  }

  findValue({ call, key, owner }: CommandOf<'findValue'>): void {
    const { context, links, nodes, requests } = this
    const target = this.addressOf(key)
    const payload: Value = [target, key, ...(owner === undefined ? [] : [owner])]
    const claims = new Claims(context, key)
    this.own(key, owner).forEach((value) => claims.add([value.value, this.values.metadata(value)]))
    const onValue = ([, value, metadata]: readonly Value[]): void => {
      const told = Array.isArray(metadata) || owner !== true ? [[value!, metadata!]] : (value as readonly Value[])
      told?.slice(0, 20).forEach((each) => claims.add(each as readonly Value[]))
    }
    const done = (): void =>
      claims.end((values) => context.result(call, { type: 'values', values: newest(values, owner) }))
    new Lookup(
      { context, links, nodes, requests },
      { target, opcode: Opcode.FIND_VALUE, payload, onValue, done }
    ).start()
  }

  /**
   * To the k closest nodes: to the closest first and, when it agrees, to the others. So of writers at the same time
   * one is first for all.
   */
  store(command: CommandOf<'store'>): void {
    const { k } = this.context.config
    const target = this.addressOf(command.key)
    const self: Replica = { id: this.nodes.idOf(this.context.key), key: this.context.key, address: undefined }
    this.findNode(target, undefined, (found) => {
      const replicas = [...found, self].toSorted((a, b) => compareDistance(target, a.id, b.id)).slice(0, k)
      const version = command.options.version ?? this.nextVersion(command)
      const tally: Tally = { accepted: 0, asked: replicas.length, version: version ?? 0, refusal: undefined }
      this.storeFirst(command, version, replicas, tally)
    })
  }

  private storeFirst(
    command: CommandOf<'store'>,
    version: number | undefined,
    replicas: Replica[],
    tally: Tally
  ): void {
    const [first, ...others] = replicas

    if (first === undefined) {
      return this.settle(command.call, tally)
    }

    this.storeAt(first, command, version, (answer) => {
      count(tally, answer)

      if (answer === undefined) {
        // gone: the next one is the first
        this.storeFirst(command, version, others, tally)
      } else if (tally.refusal === undefined) {
        this.storeOthers(command, version, others, tally)
      } else {
        this.settle(command.call, tally)
      }
    })
  }

  private storeOthers(command: CommandOf<'store'>, version: number | undefined, others: Replica[], tally: Tally): void {
    let open = others.length

    if (open === 0) {
      return this.settle(command.call, tally)
    }

    for (const each of others) {
      this.storeAt(each, command, version, (answer) => {
        count(tally, answer)
        open--

        if (open === 0) {
          this.settle(command.call, tally)
        }
      })
    }
  }

  /** A majority of those asked has it, or it failed */
  private settle(call: CallId, { accepted, asked, version, refusal }: Tally): void {
    this.context.result(
      call,
      accepted > asked / 2
        ? { type: 'stored', accepted, asked, version }
        : { type: 'refused', accepted, asked, reason: refusal?.reason, version: refusal?.version }
    )
  }

  private storeAt(
    { key, address }: Replica,
    { key: name, value, options }: CommandOf<'store'>,
    version: number | undefined,
    then: (answer: RequestAnswer | undefined) => void
  ): void {
    const said = {
      ...(version === undefined ? {} : { version }),
      time: this.context.wallTime,
      ...(options.ttl === undefined ? {} : { ttl: options.ttl })
    }
    const payload: Value = [this.addressOf(name), name, value, said]

    if (sameBytes(key, this.context.key)) {
      return this.storeHere(payload, then)
    }

    const ask = (link: Link | undefined): void =>
      link === undefined ? then(undefined) : this.requests.send(link, Opcode.STORE, payload, then)

    if (address === undefined) {
      ask(this.links.byKey(key))
    } else {
      this.links.reach({ key, address }, ask)
    }
  }

  private storeHere(payload: Value, then: (answer: RequestAnswer | undefined) => void): void {
    const { key, config } = this.context
    const signing = this.context.sign({ opcode: Opcode.STORE, to: key, payload: encodeValue(payload) }, (bytes) => {
      if (bytes === undefined) {
        return then(undefined)
      }

      const message = messageAt(bytes, 0, config.beta)
      const { accepted, answer } = this.put({ message, value: payload })
      then({ accepted, opcode: Opcode.STORE, rest: answer.slice(1) })
    })

    if (!signing) {
      then(undefined)
    }
  }

  private onStore(link: Link, message: TrueMessage): void {
    const { accepted, answer } = this.put(message)
    this.links.answer(link, accepted ? Opcode.ACK : Opcode.NACK, answer)
  }

  private put({ message, value }: TrueMessage): { accepted: boolean; answer: readonly Value[] } {
    const request = readStore(value!, this.context.config.tau)

    if (request === undefined) {
      return { accepted: false, answer: [Opcode.STORE, 'malformed', 0] }
    }

    const { from, bytes, signature } = message
    const result = this.values.put({ request, from, store: bytes, signature })
    return 'reason' in result
      ? { accepted: false, answer: [Opcode.STORE, result.reason, result.version] }
      : { accepted: true, answer: [Opcode.STORE, result.key, result.value, this.values.metadata(result)] }
  }

  private onFindValue(link: Link, value: Value): void {
    const { beta, tau } = this.context.config
    const request = readFindValue(value, beta, tau)

    if (request === undefined) {
      return this.refuse(link, Opcode.FIND_VALUE)
    }

    const { key, owner, address } = request
    const found = this.own(key, owner)
    const [first] = found

    if (first === undefined) {
      this.answerNodes(link, address)
    } else if (owner === true) {
      this.links.answer(link, Opcode.ACK, [Opcode.FIND_VALUE, key, this.listed(found), { count: found.length }])
    } else {
      this.links.answer(link, Opcode.ACK, [Opcode.FIND_VALUE, key, first.value, this.values.metadata(first)])
    }
  }

  /** As many as fit one answer; one always does */
  private listed(found: StoredValue[]): Value {
    let sum = 0
    return found
      .filter(({ bytes, opened }, i) => {
        sum += bytes + (opened?.store.byteLength ?? 0) + 2_048
        return i === 0 || sum <= MAX_ANSWER_BYTES
      })
      .map((value) => [value.value, this.values.metadata(value)])
  }

  private own(key: string | Uint8Array, owner: Uint8Array | true | undefined): StoredValue[] {
    const one = owner === true ? undefined : this.values.get(key, owner)
    return owner === true ? this.values.list(key) : one === undefined ? [] : [one]
  }

  private answerNodes(link: Link, target: Uint8Array): void {
    const infos = this.nodes.infosFor(target, this.context.config.k).map(writeNodeInfo)
    this.links.answer(link, Opcode.ACK, [Opcode.FIND_NODE, ...infos])
  }

  private refuse(link: Link, opcode: number): void {
    this.links.answer(link, Opcode.NACK, [opcode])
  }

  /** Operations carry the version they expect; other values get the next one that we know of */
  private nextVersion({ key, value }: CommandOf<'store'>): number | undefined {
    const isOperation = typeof value === 'object' && value !== null && '$op' in value
    return isOperation
      ? undefined
      : Math.max(this.context.wallTime, (this.values.get(key, this.context.key)?.version ?? 0) + 1)
  }

  private addressOf(key: string | Uint8Array): Uint8Array {
    return addressOf(bytesOfKey(key), this.context.config.tau)
  }
}

/** Values that nodes told, and whether what they say is signed as they say. */
class Claims {
  private readonly context: Context
  private readonly key: string | Uint8Array
  /** BOUNDED by MAX_LISTED of each of the nodes asked */
  private readonly true: FoundValue[] = []
  private open = 0
  private done: ((values: FoundValue[]) => void) | undefined

  constructor(context: Context, key: string | Uint8Array) {
    this.context = context
    this.key = key
  }

  add(told: readonly Value[]): void {
    const claim = Array.isArray(told) ? readClaim(this.key, told, this.context.config) : undefined

    if (claim !== undefined) {
      this.open++
      this.context.ask({ type: 'verify', checks: claim.checks }, 'verified', ({ valid }) => {
        this.open--

        if (valid.length === claim.checks.length && valid.every(Boolean)) {
          this.true.push(claim.found)
        }

        this.settle()
      })
    }
  }

  end(done: (values: FoundValue[]) => void): void {
    this.done = done
    this.settle()
  }

  private settle(): void {
    if (this.open === 0 && this.done !== undefined) {
      this.done(this.true)
      this.done = undefined
    }
  }
}

/** One of each owner, or the newest of all; of equal ones that which most nodes tell */
function newest(values: FoundValue[], owner: Uint8Array | true | undefined): FoundValue[] {
  const votes = new Map<string, { value: FoundValue; count: number }>()

  for (const value of values) {
    const name = `${value.owner.toString()} ${value.version} ${encodeValue(value.value).toString()}`
    votes.set(name, { value, count: (votes.get(name)?.count ?? 0) + 1 })
  }

  const sorted = [...votes.values()]
    .toSorted((a, b) => b.value.version - a.value.version || b.value.time - a.value.time || b.count - a.count)
    .map(({ value }) => value)
  const firsts = sorted.filter((value, i) => sorted.findIndex((other) => sameBytes(other.owner, value.owner)) === i)
  return owner === true ? firsts : firsts.slice(0, 1)
}

/** Who built on our write agrees with it: its version is beyond ours, and the first node took ours before */
function count(tally: Tally, answer: RequestAnswer | undefined): void {
  if (answer?.accepted === true) {
    const metadata = answer.rest[2] as { version?: number } | null | undefined
    tally.accepted++
    tally.version = typeof metadata?.version === 'number' ? metadata.version : tally.version
  } else if (answer !== undefined) {
    const [reason, version] = answer.rest
    const known = typeof version === 'number' ? version : undefined

    if (tally.accepted > 0 && reason === 'version' && known !== undefined && known > tally.version) {
      tally.accepted++
    } else {
      tally.refusal ??= { reason: typeof reason === 'string' ? reason : 'refused', version: known }
    }
  }
}
