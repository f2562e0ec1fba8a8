/** What the engine asks for: signatures made and checked, bodies inflated, whispers opened, the application's hooks. */
import { decompress } from './compression.ts'
import type { AbortOptions, Logger } from '@libp2p/interface'
import type { CompressionMethod } from './compression.ts'
import type { Answer, Ask } from './contract.ts'
import type { ShoutHooks } from './index.ts'
import type { KeyRing } from './key-ring.ts'

type AskOf<T extends Ask['type']> = Extract<Ask, { type: T }>

export interface AnswersInit {
  ring: KeyRing
  /** How to undo each compression that we said we can */
  methods: ReadonlyMap<number, CompressionMethod>
  hooks: Pick<ShoutHooks, 'relayShout' | 'forwardSpeak'>
  log: Logger
}

export class Answers {
  private readonly init: AnswersInit

  constructor(init: AnswersInit) {
    this.init = init
  }

  /** Never rejects: what fails is an answer too */
  answer(ask: Ask, options: Required<AbortOptions>): Answer | Promise<Answer> {
    switch (ask.type) {
      case 'sign':
        return this.sign(ask)
      case 'verify':
        return this.verify(ask)
      case 'inflate':
        return this.inflate(ask)
      case 'open':
        return this.open(ask)
      case 'relay':
        return this.mayRelay(ask, options)
    }
  }

  private async sign(ask: AskOf<'sign'>): Promise<Answer> {
    try {
      return { type: 'signed', ticket: ask.ticket, bytes: await this.init.ring.sign(ask) }
    } catch (err) {
      this.init.log.error('opcode %d cannot be signed - %e', ask.opcode, err)
      return { type: 'signed', ticket: ask.ticket, bytes: undefined }
    }
  }

  private verify({ ticket, checks }: AskOf<'verify'>): Answer | Promise<Answer> {
    const answer = (valid: readonly boolean[]): Answer => ({ type: 'verified', ticket, valid })

    try {
      const valid = this.init.ring.verify(checks)
      return valid instanceof Promise ? valid.then(answer, () => answer([])) : answer(valid)
    } catch {
      return answer([])
    }
  }

  private async inflate({ ticket, compression, body }: AskOf<'inflate'>): Promise<Answer> {
    try {
      return { type: 'inflated', ticket, body: await decompress(this.init.methods.get(compression), body) }
    } catch (err) {
      this.init.log('compression %d - %e', compression, err)
      return { type: 'inflated', ticket, body: undefined }
    }
  }

  private async open({ ticket, message }: AskOf<'open'>): Promise<Answer> {
    try {
      return { type: 'opened', ticket, payload: await this.init.ring.open(message) }
    } catch (err) {
      this.init.log('a whisper cannot be opened - %e', err)
      return { type: 'opened', ticket, payload: undefined }
    }
  }

  private async mayRelay({ ticket, message }: AskOf<'relay'>, options: Required<AbortOptions>): Promise<Answer> {
    const { hooks, log } = this.init
    const hook = message.kind === 'shout' ? hooks.relayShout : hooks.forwardSpeak
    const { value, from, peer } = message

    try {
      return { type: 'relay', ticket, allowed: (await hook?.({ value, from, peer }, options)) === true }
    } catch (err) {
      log.error('whether to pass a %s on: the hook failed - %e', message.kind, err)
      return { type: 'relay', ticket, allowed: false }
    }
  }
}
