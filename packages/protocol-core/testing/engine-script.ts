import { Timers } from '@hearsay/protocol-core/pure'
import type { Effect, Engine, Input, Millis } from '@hearsay/protocol-core/pure'

/**
 * Drives an engine as the runner does, with a clock of its own: inputs go in, effects come out, timers fire when time
 * is moved on.
 */
export class EngineScript<Message, Command, Answer, Event, Ask> {
  now: Millis = 0
  private readonly engine: Engine<Input<Message, Command, Answer>, Effect<Message, Event, Ask>>
  private readonly timers = new Timers()

  constructor(engine: Engine<Input<Message, Command, Answer>, Effect<Message, Event, Ask>>) {
    this.engine = engine
  }

  /** @returns the effects, without the timers, which the script keeps */
  input(input: Input<Message, Command, Answer>): Effect<Message, Event, Ask>[] {
    return this.engine.handle(input, this.now).filter((effect) => {
      if (effect.type === 'arm') {
        this.timers.arm(effect.key, effect.at)
      } else if (effect.type === 'disarm') {
        this.timers.disarm(effect.key)
      }

      return effect.type !== 'arm' && effect.type !== 'disarm'
    })
  }

  command(command: Command): Effect<Message, Event, Ask>[] {
    return this.input({ type: 'command', command })
  }

  answer(answer: Answer): Effect<Message, Event, Ask>[] {
    return this.input({ type: 'answer', answer })
  }

  /** Fires what is due in the next `ms`. @returns the effects of all of it */
  advance(ms: Millis): Effect<Message, Event, Ask>[] {
    const until = this.now + ms
    const effects: Effect<Message, Event, Ask>[] = []

    for (let at = this.timers.next(); at !== undefined && at <= until; at = this.timers.next()) {
      this.now = Math.max(this.now, at)
      effects.push(...this.input({ type: 'timer', key: this.timers.takeDue(this.now)! }))
    }

    this.now = until
    return effects
  }
}
