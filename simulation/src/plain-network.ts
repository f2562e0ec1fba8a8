import { createHash } from 'node:crypto'
import { seededRandom, Timers } from '@hearsay/protocol-core/pure'
import type { Effect, Engine, Input, Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'

/** What a protocol's engine needs from the network it is simulated on. */
export interface Adapter<Message, Command, Answer, Event, Ask> {
  createEngine(self: PeerKey, random: Random): Engine<Input<Message, Command, Answer>, Effect<Message, Event, Ask>>
  /** The answer to an ask, and how long it takes in ms; undefined for none */
  answer(self: PeerKey, ask: Ask, random: Random): { answer: Answer; after: Millis } | undefined
  /** Who is dialled, given a peer or addresses */
  target(peer: PeerKey | undefined, addresses: readonly string[]): PeerKey | undefined
  onEvent(self: PeerKey, event: Event, now: Millis): void
  onSend?(from: PeerKey, to: PeerKey, message: Message): void
  readonly protocol: string
}

export interface NetworkInit {
  seed: number
  /** One way, in ms: between these two, drawn for each pair of nodes */
  latency: readonly [Millis, Millis]
}

interface Node<I, E> {
  engine: Engine<I, E>
  timers: Timers
  /** Peers it has a session with */
  sessions: Set<PeerKey>
  /** Keys of asks that were cancelled or never answered do not matter; those pending do */
  asks: Map<string, number>
}

/**
 * Engines on a virtual network: no sockets, no clock. Sessions are reliable and ordered, as streams are. Equal seeds
 * give equal traces.
 */
export class VirtualNetwork<Message, Command, Answer, Event, Ask> {
  now: Millis = 0
  readonly random: Random
  private readonly init: NetworkInit
  private readonly adapter: Adapter<Message, Command, Answer, Event, Ask>
  private readonly nodes = new Map<PeerKey, Node<Input<Message, Command, Answer>, Effect<Message, Event, Ask>>>()
  /** What is to happen, by the order it was decided in. BOUNDED by what the engines have in flight */
  private readonly pending = new Map<string, () => void>()
  private readonly agenda = new Timers()
  private steps = 0
  /** When the last message on each directed session arrives. BOUNDED by the pairs of nodes that ever met */
  private readonly arrivals = new Map<string, Millis>()
  private readonly latencies = new Map<string, Millis>()
  private readonly trace = createHash('sha256')

  constructor(adapter: Adapter<Message, Command, Answer, Event, Ask>, init: NetworkInit) {
    this.adapter = adapter
    this.init = init
    this.random = seededRandom(init.seed)
  }

  /** Hash of every (time, node, effect) so far: equal for equal runs */
  get traceHash(): string {
    return this.trace.copy().digest('hex').slice(0, 16)
  }

  add(self: PeerKey): void {
    const engine = this.adapter.createEngine(self, seededRandom(this.random.below(2 ** 32)))
    this.nodes.set(self, { engine, timers: new Timers(), sessions: new Set(), asks: new Map() })
  }

  /** It vanishes; its peers notice one latency later */
  remove(self: PeerKey): void {
    const node = this.nodes.get(self)
    this.nodes.delete(self)

    for (const peer of node?.sessions ?? []) {
      this.at(this.latency(self, peer), () => this.drop(peer, self))
    }
  }

  command(self: PeerKey, command: Command): void {
    this.input(self, { type: 'command', command })
  }

  /** Peers a node has a session with */
  sessions(self: PeerKey): ReadonlySet<PeerKey> {
    return this.nodes.get(self)?.sessions ?? new Set()
  }

  /** Let `ms` pass */
  run(ms: Millis): void {
    const until = this.now + ms

    for (let at = this.agenda.next(); at !== undefined && at <= until; at = this.agenda.next()) {
      this.now = at
      const step = this.agenda.takeDue(at)!
      const happen = this.pending.get(step)!
      this.pending.delete(step)
      happen()
    }

    this.now = until
  }

  private at(delay: Millis, happen: () => void): void {
    const step = String(this.steps++)
    this.pending.set(step, happen)
    this.agenda.arm(step, this.now + delay)
  }

  private input(self: PeerKey, input: Input<Message, Command, Answer>): void {
    const effects = this.nodes.get(self)?.engine.handle(input, this.now) ?? []

    for (const effect of effects) {
      this.trace.update(`${this.now} ${self} ${effect.type}\n`)
      this.perform(self, effect)
    }
  }

  private perform(self: PeerKey, effect: Effect<Message, Event, Ask>): void {
    const node = this.nodes.get(self)!

    switch (effect.type) {
      case 'send':
        return this.send(self, effect.peer, effect.message)
      case 'dial':
        return this.dial(self, effect)
      case 'close':
        return this.at(0, () => this.disconnect(self, effect.peer))
      case 'arm':
        return this.arm(self, effect.key, effect.at)
      case 'disarm':
        return node.timers.disarm(effect.key)
      case 'cancel':
        return void node.asks.delete(effect.key)
      case 'ask':
        return this.ask(self, effect)
      case 'emit':
        return this.adapter.onEvent(self, effect.event, this.now)
    }
  }

  private arm(self: PeerKey, key: string, at: Millis): void {
    const { timers } = this.nodes.get(self)!
    timers.arm(key, at)
    this.at(Math.max(0, at - this.now), () => {
      const due = this.nodes.get(self)?.timers.takeDue(this.now)

      if (due !== undefined) {
        this.input(self, { type: 'timer', key: due })
      }
    })
  }

  private ask(self: PeerKey, { ask, key }: Extract<Effect<Message, Event, Ask>, { type: 'ask' }>): void {
    const result = this.adapter.answer(self, ask, this.random)
    const { asks } = this.nodes.get(self)!
    const mine = this.steps

    if (key !== undefined) {
      asks.set(key, mine)
    }

    if (result !== undefined) {
      this.at(result.after, () => {
        if (key === undefined || asks.get(key) === mine) {
          this.input(self, { type: 'answer', answer: result.answer })
        }
      })
    }
  }

  private send(from: PeerKey, to: PeerKey, message: Message): void {
    if (this.nodes.get(from)?.sessions.has(to) === true) {
      this.adapter.onSend?.(from, to, message)
      const pair = `${from} ${to}`
      const arrival = Math.max(this.now + this.latency(from, to), this.arrivals.get(pair) ?? 0)
      this.arrivals.set(pair, arrival)
      this.at(arrival - this.now, () => {
        if (this.nodes.get(to)?.sessions.has(from) === true) {
          this.input(to, { type: 'message', peer: from, message })
        }
      })
    }
  }

  private dial(self: PeerKey, { dial, peer, addresses }: Extract<Effect<Message, Event, Ask>, { type: 'dial' }>): void {
    const target = this.adapter.target(peer, addresses)
    const roundTrip = target === undefined ? 0 : 2 * this.latency(self, target)

    this.at(roundTrip, () => {
      const reached = target !== undefined && this.nodes.has(target) && target !== self

      if (reached && !this.sessions(self).has(target)) {
        this.connect(self, target)
      }

      this.input(self, { type: 'dialled', dial, ...(reached ? { peer: target } : {}) })
    })
  }

  private connect(dialler: PeerKey, listener: PeerKey): void {
    const { protocol } = this.adapter
    this.nodes.get(dialler)?.sessions.add(listener)
    this.nodes.get(listener)?.sessions.add(dialler)
    this.input(listener, { type: 'connected', peer: dialler, direction: 'inbound', protocol, group: dialler })
    this.input(dialler, { type: 'connected', peer: listener, direction: 'outbound', protocol, group: listener })
  }

  private disconnect(self: PeerKey, peer: PeerKey): void {
    if (this.sessions(self).has(peer)) {
      this.drop(self, peer)
      this.at(this.latency(self, peer), () => this.drop(peer, self))
    }
  }

  private drop(self: PeerKey, peer: PeerKey): void {
    if (this.nodes.get(self)?.sessions.delete(peer) === true) {
      this.input(self, { type: 'disconnected', peer })
    }
  }

  /** The same both ways, and for as long as the run lasts */
  private latency(a: PeerKey, b: PeerKey): Millis {
    const pair = a < b ? `${a} ${b}` : `${b} ${a}`
    const known = this.latencies.get(pair)

    if (known !== undefined) {
      return known
    }

    const [shortest, longest] = this.init.latency
    const drawn = shortest + this.random.below(1_000_000) * ((longest - shortest) / 1_000_000)
    this.latencies.set(pair, drawn)
    return drawn
  }
}
