import { Timers } from './timers.ts'
import { OpenAsk } from './open-ask.ts'
import type { AbortOptions, Logger } from '@libp2p/interface'
import type { Effect, Engine, Input, Millis, PeerKey } from './engine.ts'
import type { SessionInput, Sessions } from './sessions.ts'

/** What a runner needs of sessions: a class of its own may share them among several runners */
export type RunnerSessions<Message> = Pick<Sessions<Message>, 'start' | 'stop' | 'send' | 'dial' | 'close' | 'asked'>

export interface RunnerInit<Message, Command, Answer, Event, Ask> {
  /** Makes a fresh engine for each start */
  createEngine(): Engine<Input<Message, Command, Answer>, Effect<Message, Event, Ask>>
  sessions: RunnerSessions<Message>
  /** What the engine tells the application */
  emit(event: Event): void
  /**
   * Do the slow or foreign work the engine asked for. The answer may come at once; one that comes after the signal
   * aborted, when the engine cancelled this ask or on stop, comes to nothing.
   */
  answer(ask: Ask, options: Required<AbortOptions>): Answer | Promise<Answer>
  /** The engine closed a peer; `reason` is one of a fixed few */
  closed?(reason: string, peer: PeerKey): void
  log: Logger
}

type Foreign<Event, Ask> = Extract<Effect<never, Event, Ask>, { type: 'emit' | 'ask' }>

/** The longest delay a timer can have; what is due later is looked at again then */
const MAX_DELAY = 2 ** 31 - 1

/**
 * Feeds one engine and performs its effects, in order and before the next input. Those that run foreign code, `emit`
 * and `ask`, come last: by then the engine is ready for the commands which that code may give.
 */
export class Runner<Message, Command, Answer, Event, Ask> {
  private readonly init: RunnerInit<Message, Command, Answer, Event, Ask>
  private engine: Engine<Input<Message, Command, Answer>, Effect<Message, Event, Ask>> | undefined
  private readonly timers = new Timers()
  private wake: { at: Millis; handle: ReturnType<typeof setTimeout> } | undefined
  /** Inputs that effects caused. BOUNDED by the effects of one input */
  private readonly inputs: Input<Message, Command, Answer>[] = []
  /** BOUNDED by the effects of one input and of those it caused */
  private foreign: { effect: Foreign<Event, Ask>; from: PeerKey | undefined }[] = []
  private busy = false
  /** Asks without an answer, by key, or by themselves. BOUNDED by what the engine awaits */
  private readonly asks = new Map<string | OpenAsk, OpenAsk>()

  constructor(init: RunnerInit<Message, Command, Answer, Event, Ask>) {
    this.init = init
  }

  get started(): boolean {
    return this.engine !== undefined
  }

  async start(): Promise<void> {
    if (this.engine === undefined) {
      this.engine = this.init.createEngine()

      try {
        await this.init.sessions.start((input) => this.handle(input))
      } catch (err) {
        await this.stop()
        throw err
      }
    }
  }

  /** Leaves no timer, session, dial or ask behind. Safe twice, and before `start` */
  async stop(): Promise<void> {
    if (this.engine !== undefined) {
      this.engine = undefined
      this.asks.forEach((open) => open.cancel())
      this.asks.clear()
      clearTimeout(this.wake?.handle)
      this.wake = undefined
      this.timers.clear()
      await this.init.sessions.stop()
    }
  }

  command(command: Command): void {
    this.handle({ type: 'command', command })
  }

  private handle(input: SessionInput<Message> | Input<Message, Command, Answer>): void {
    this.inputs.push(input)

    if (!this.busy) {
      this.busy = true

      for (let next = this.inputs.shift(); next !== undefined; next = this.inputs.shift()) {
        this.step(next)
      }

      this.busy = false
      this.setWake()
      this.runForeign()
    }
  }

  private step(input: Input<Message, Command, Answer>): void {
    const from = input.type === 'message' ? input.peer : undefined

    try {
      for (const effect of this.engine?.handle(input, performance.now()) ?? []) {
        this.perform(effect, from)
      }
    } catch (err) {
      // engines are total: this is a mistake of ours, and no reason to take the application down
      this.init.log.error('engine failed on %s - %e', input.type, err)
    }
  }

  private perform(effect: Effect<Message, Event, Ask>, from: PeerKey | undefined): void {
    const { sessions } = this.init

    switch (effect.type) {
      case 'send':
        return sessions.send(effect.peer, effect.message, effect.urgent)
      case 'dial':
        return void sessions.dial(effect)
      case 'close':
        this.init.closed?.(effect.reason, effect.peer)
        return sessions.close(effect.peer)
      case 'arm':
        return this.timers.arm(effect.key, effect.at)
      case 'disarm':
        return this.timers.disarm(effect.key)
      case 'cancel':
        return this.cancel(effect.key)
      case 'ask':
        this.foreign.push({ effect, from: effect.peer ?? from })
        return
      case 'emit':
        this.foreign.push({ effect, from })
    }
  }

  private runForeign(): void {
    if (this.foreign.length > 0) {
      const all = this.foreign
      this.foreign = []

      for (const { effect, from } of all) {
        try {
          if (effect.type === 'emit') {
            this.init.emit(effect.event)
          } else {
            this.ask(effect, from)
          }
        } catch (err) {
          this.init.log.error('%s failed - %e', effect.type, err)
        }
      }
    }
  }

  private ask({ ask, key }: Extract<Foreign<Event, Ask>, { type: 'ask' }>, from: PeerKey | undefined): void {
    if (key !== undefined) {
      this.cancel(key)
    }

    const open = new OpenAsk()
    const answer = this.init.answer(ask, open)

    if (answer instanceof Promise) {
      void this.await(answer, open, key ?? open, from)
    } else {
      this.handle({ type: 'answer', answer })
    }
  }

  /** Its peer is read no further while too many of these are open */
  private async await(answer: Promise<Answer>, open: OpenAsk, key: string | OpenAsk, from: PeerKey | undefined) {
    open.onEnd = from === undefined ? undefined : this.init.sessions.asked(from)
    this.asks.set(key, open)

    if (this.engine === undefined) {
      open.cancel()
    }

    try {
      const result = await answer

      if (open.isOpen) {
        this.handle({ type: 'answer', answer: result })
      }
    } catch (err) {
      this.init.log('no answer - %e', err)
    }

    open.end()

    if (this.asks.get(key) === open) {
      this.asks.delete(key)
    }
  }

  /** Whoever works on it is told, and nobody waits for it any longer */
  private cancel(key: string): void {
    this.asks.get(key)?.cancel()
    this.asks.delete(key)
  }

  /** One `setTimeout` for all timers, moved only when the earliest comes before it */
  private setWake(): void {
    const at = this.timers.next()

    if (at !== undefined && (this.wake === undefined || at < this.wake.at)) {
      clearTimeout(this.wake?.handle)
      const delay = Math.min(Math.max(0, at - performance.now()), MAX_DELAY)
      this.wake = { at, handle: setTimeout(() => this.onWake(), delay) }
    }
  }

  private onWake(): void {
    const now = performance.now()
    this.wake = undefined

    for (let key = this.timers.takeDue(now); key !== undefined; key = this.timers.takeDue(now)) {
      this.handle({ type: 'timer', key })
    }

    this.setWake()
  }
}
