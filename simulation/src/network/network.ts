import { seededRandom } from '@hearsay/protocol-core/pure'
import { Agenda } from './agenda.ts'
import { Links } from './links.ts'
import { Trace } from './trace.ts'
import type { Effect, Engine, Input, Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { LinkConfig } from './links.ts'

/** What a protocol's engine is told and says: its own part of inputs and effects */
export interface Protocol {
  message: unknown
  command: unknown
  answer: unknown
  event: unknown
  ask: unknown
}

export type InputOf<T extends Protocol> = Input<T['message'], T['command'], T['answer']>
export type EffectOf<T extends Protocol> = Effect<T['message'], T['event'], T['ask']>
export type EngineOf<T extends Protocol> = Engine<InputOf<T>, EffectOf<T>>

export interface Reply<T extends Protocol> {
  /** It arrives in a step of its own, and only if it is still wanted */
  send: (answer: T['answer']) => void
  /** Whether the node is there, and did not cancel */
  isWanted: () => boolean
}

/** What a protocol's engine needs from the network it is simulated on, and what is observed of it. */
export interface Adapter<T extends Protocol> {
  readonly protocol: string
  createEngine(self: PeerKey, random: Random): EngineOf<T>
  /** Answers an ask, now or later, or never */
  answer(self: PeerKey, ask: T['ask'], reply: Reply<T>): void
  /** Who is dialled, given a peer or addresses */
  target(peer: PeerKey | undefined, addresses: readonly string[]): PeerKey | undefined
  /** What a message takes on the wire */
  bytes(message: T['message']): number
  onEvent(self: PeerKey, event: T['event'], now: Millis): void
  onSend?(from: PeerKey, to: PeerKey, message: T['message'], bytes: number): void
  onClose?(self: PeerKey, peer: PeerKey, reason: string): void
  /** A peer's address group. @default its own */
  group?(peer: PeerKey): string
}

export interface NetworkConfig extends LinkConfig {
  /** Equal seeds give equal traces */
  seed: number
  /** Sessions of a node at once; a newcomer beyond is refused. @default unlimited */
  maxPeers?: number
  /** How long until a side finds that the other is silent, and how long a dial into the void takes, in ms. @default 10_000 */
  silence?: Millis
  /** After so many messages nothing happens any more: the mark of a storm. @default unlimited */
  maxMessages?: number
}

/** One stream between two nodes: reliable and ordered both ways */
interface Session<T extends Protocol> {
  readonly a: Node<T>
  readonly b: Node<T>
  /** When the last message to each side arrives */
  arrivalAtA: Millis
  arrivalAtB: Millis
}

interface Node<T extends Protocol> {
  readonly index: number
  readonly self: PeerKey
  readonly engine: EngineOf<T>
  uplinkFreeAt: Millis
  /** BOUNDED by maxPeers */
  readonly sessions: Map<PeerKey, Session<T>>
  /** Which step each timer belongs to: those replaced or disarmed find another. BOUNDED by the engine's keys */
  readonly timers: Map<string, number>
  /** The same for asks that can be cancelled. BOUNDED by the engine's keys */
  asks: Map<string, number> | undefined
}

/** The number of an input in the trace, and of each effect */
const INPUT = 8
const EFFECTS = { send: 0, dial: 1, close: 2, arm: 3, disarm: 4, ask: 5, cancel: 6, emit: 7 } as const
const DEFAULT_SILENCE = 10_000

/** Engines on a virtual network: no sockets, no clock. */
export class VirtualNetwork<T extends Protocol> {
  now: Millis = 0
  /** Messages handed to the network, and what they take on the wire */
  messages = 0
  bytes = 0
  readonly random: Random
  private readonly config: NetworkConfig
  private readonly silence: Millis
  private readonly adapter: Adapter<T>
  private readonly nodes = new Map<PeerKey, Node<T>>()
  private readonly agenda = new Agenda()
  private readonly links: Links
  private readonly trace = new Trace()
  private added = 0
  private steps = 0
  private sideOf: ((peer: PeerKey) => unknown) | undefined

  constructor(adapter: Adapter<T>, config: NetworkConfig) {
    this.adapter = adapter
    this.config = config
    this.silence = config.silence ?? DEFAULT_SILENCE
    this.random = seededRandom(config.seed)
    this.links = new Links(config, this.random)
  }

  /** Hash of every (time, node, input or effect) so far: equal for equal runs */
  get traceHash(): string {
    return this.trace.digest
  }

  get size(): number {
    return this.nodes.size
  }

  has(self: PeerKey): boolean {
    return this.nodes.has(self)
  }

  /** Those there are, in the order they were added */
  peers(): IterableIterator<PeerKey> {
    return this.nodes.keys()
  }

  add(self: PeerKey): void {
    const engine = this.adapter.createEngine(self, seededRandom(this.random.below(2 ** 32)))
    const index = this.added++
    const timers = new Map<string, number>()
    this.nodes.set(self, { index, self, engine, uplinkFreeAt: 0, sessions: new Map(), timers, asks: undefined })
  }

  /**
   * It is gone. Its peers notice one latency later, as when a process dies; `silently` as when a cable is cut.
   */
  remove(self: PeerKey, { silently = false }: { silently?: boolean } = {}): void {
    const node = this.nodes.get(self)
    this.nodes.delete(self)

    for (const [peer, session] of node?.sessions ?? []) {
      const noticed = silently ? this.silence : this.links.latency(session.a, session.b)
      this.at(this.now + noticed, () => this.drop(peer, session))
    }
  }

  /**
   * Nothing passes between nodes of different sides until the next call; undefined heals. A session ends when somebody
   * used it meanwhile, in vain.
   */
  partition(sideOf: ((peer: PeerKey) => unknown) | undefined): void {
    this.sideOf = sideOf
  }

  command(self: PeerKey, command: T['command']): void {
    const node = this.nodes.get(self)

    if (node !== undefined) {
      this.input(node, { type: 'command', command })
    }
  }

  /** Let `happen` happen in `after` ms: for what a scenario does to the network */
  schedule(after: Millis, happen: () => void): void {
    this.at(this.now + after, happen)
  }

  /** Let `ms` pass */
  run(ms: Millis): void {
    const { maxMessages = Number.POSITIVE_INFINITY } = this.config
    const until = this.now + ms

    for (
      let at = this.agenda.next;
      at !== undefined && at <= until && this.messages < maxMessages;
      at = this.agenda.next
    ) {
      this.now = at
      this.agenda.take()()
    }

    this.now = until
  }

  private at(time: Millis, happen: () => void): void {
    this.agenda.add(time, happen)
  }

  private input(node: Node<T>, input: InputOf<T>): void {
    this.trace.add(this.now, node.index, INPUT, this.messages)

    for (const effect of node.engine.handle(input, this.now)) {
      this.perform(node, effect)
    }
  }

  private perform(node: Node<T>, effect: EffectOf<T>): void {
    const remote = 'peer' in effect && effect.peer !== undefined ? this.nodes.get(effect.peer) : undefined
    this.trace.add(this.now, node.index, EFFECTS[effect.type], remote?.index ?? this.messages)

    switch (effect.type) {
      case 'send':
        return this.send(node, effect.peer, effect.message)
      case 'dial':
        return this.dial(node, effect)
      case 'close':
        this.adapter.onClose?.(node.self, effect.peer, effect.reason)
        return this.at(this.now, () => this.close(node, effect.peer))
      case 'arm':
        return this.arm(node, effect.key, effect.at)
      case 'disarm':
        return void node.timers.delete(effect.key)
      case 'cancel':
        return void node.asks?.delete(effect.key)
      case 'ask':
        return this.ask(node, effect.ask, effect.key)
      case 'emit':
        return this.adapter.onEvent(node.self, effect.event, this.now)
    }
  }

  private isGone(node: Node<T>): boolean {
    return this.nodes.get(node.self) !== node
  }

  private arm(node: Node<T>, key: string, at: Millis): void {
    const step = this.steps++
    node.timers.set(key, step)
    this.at(Math.max(this.now, at), () => {
      if (node.timers.get(key) === step && !this.isGone(node)) {
        node.timers.delete(key)
        this.input(node, { type: 'timer', key })
      }
    })
  }

  private ask(node: Node<T>, ask: T['ask'], key: string | undefined): void {
    const step = this.steps++
    const isWanted = (): boolean => !this.isGone(node) && (key === undefined || node.asks?.get(key) === step)

    if (key !== undefined) {
      node.asks ??= new Map()
      node.asks.set(key, step)
    }

    const arrive = (answer: T['answer']): void => {
      if (isWanted()) {
        node.asks?.delete(key ?? '')
        this.input(node, { type: 'answer', answer })
      }
    }

    this.adapter.answer(node.self, ask, { isWanted, send: (answer) => this.at(this.now, () => arrive(answer)) })
  }

  private send(from: Node<T>, peer: PeerKey, message: T['message']): void {
    const session = from.sessions.get(peer)

    if (session === undefined) {
      return
    }

    const to = session.a === from ? session.b : session.a
    const bytes = this.adapter.bytes(message)
    this.messages++
    this.bytes += bytes
    this.adapter.onSend?.(from.self, peer, message, bytes)
    const arrival = this.areApart(from.self, peer) ? undefined : this.links.arrival(from, to, bytes, this.now)

    if (arrival === undefined) {
      return this.at(this.now + this.silence, () => this.lose(session))
    }

    this.at(queueUp(session, to, arrival), () => {
      if (to.sessions.get(from.self) === session) {
        this.input(to, { type: 'message', peer: from.self, message })
      }
    })
  }

  private dial(node: Node<T>, { dial, peer, addresses }: Extract<EffectOf<T>, { type: 'dial' }>): void {
    const target = this.adapter.target(peer, addresses)
    const remote = target === undefined ? undefined : this.nodes.get(target)
    const apart = remote !== undefined && this.areApart(node.self, remote.self)
    const roundTrip = remote === undefined ? 0 : 2 * this.links.latency(node, remote)

    this.at(this.now + (apart ? this.silence : roundTrip), () => {
      if (!this.isGone(node)) {
        const reached = remote !== undefined && !apart && this.connect(node, remote)
        this.input(node, { type: 'dialled', dial, ...(reached ? { peer: remote.self } : {}) })
      }
    })
  }

  /** @returns whether they have a session now */
  private connect(dialler: Node<T>, listener: Node<T>): boolean {
    const { maxPeers = Number.POSITIVE_INFINITY } = this.config
    const { protocol } = this.adapter

    if (dialler.sessions.has(listener.self)) {
      return true
    } else if (dialler === listener || this.isGone(listener) || listener.sessions.size >= maxPeers) {
      return false
    }

    const session = { a: dialler, b: listener, arrivalAtA: this.now, arrivalAtB: this.now }
    const group = (peer: PeerKey): string => this.adapter.group?.(peer) ?? peer
    dialler.sessions.set(listener.self, session)
    listener.sessions.set(dialler.self, session)
    const [from, to] = [dialler.self, listener.self]
    this.input(listener, { type: 'connected', peer: from, direction: 'inbound', protocol, group: group(from) })
    this.input(dialler, { type: 'connected', peer: to, direction: 'outbound', protocol, group: group(to) })
    return true
  }

  /** Gracefully: what was sent before still arrives at the other side */
  private close(node: Node<T>, peer: PeerKey): void {
    const session = node.sessions.get(peer)

    if (session !== undefined) {
      const other = session.a === node ? session.b : session.a
      this.drop(node.self, session)
      this.at(queueUp(session, other, this.now + this.links.latency(node, other)), () => this.drop(peer, session))
    }
  }

  private lose(session: Session<T>): void {
    this.drop(session.a.self, session)
    this.drop(session.b.self, session)
  }

  /** One side forgets the session, if it is still this one */
  private drop(self: PeerKey, session: Session<T>): void {
    const node = this.nodes.get(self)
    const peer = session.a.self === self ? session.b.self : session.a.self

    if (node?.sessions.get(peer) === session) {
      node.sessions.delete(peer)
      this.input(node, { type: 'disconnected', peer })
    }
  }

  private areApart(a: PeerKey, b: PeerKey): boolean {
    return this.sideOf !== undefined && this.sideOf(a) !== this.sideOf(b)
  }
}

/** When something that could arrive at `arrival` does, behind all that was sent before it */
function queueUp<T extends Protocol>(session: Session<T>, to: Node<T>, arrival: Millis): Millis {
  if (session.a === to) {
    return (session.arrivalAtA = Math.max(session.arrivalAtA, arrival))
  }

  return (session.arrivalAtB = Math.max(session.arrivalAtB, arrival))
}
