import { Mail } from '../cup2py/mail.ts'
import type { PeerKey } from '@hearsay/protocol-core/pure'
import type { Message } from '@hearsay/protocol-cup2py/codec'
import type { EffectOf, InputOf } from '../network/network.ts'
import type { Cup2pyProtocol, UserEngine } from '../cup2py/swarm.ts'

/** What a request is answered with, to all that the attacker aims at */
export type React = (message: Message) => readonly Message[]

/** Keeps to no rule: publishes and searches with whatever it is told, and passes nothing on but what `react` says. */
export class HostileUser implements UserEngine {
  private readonly targets: readonly PeerKey[]
  private readonly react: React
  private readonly mail = new Mail()

  constructor(targets: readonly PeerKey[], react: React = () => []) {
    this.targets = targets
    this.react = react
  }

  handle(input: InputOf<Cup2pyProtocol>): EffectOf<Cup2pyProtocol>[] {
    if (input.type === 'message') {
      return this.react(input.message).flatMap((message) => this.sendAll(message))
    } else if (input.type !== 'command') {
      return this.mail.handle(input)
    }

    const { command } = input

    if (command.type === 'publish') {
      return this.sendAll({ type: 'update', record: command.record, depth: command.depth, checked: [] })
    }

    return command.type === 'search'
      ? this.sendAll({
          type: 'search',
          target: command.target,
          sender: command.sender,
          depth: command.depth,
          checked: []
        })
      : []
  }

  private sendAll(message: Message): EffectOf<Cup2pyProtocol>[] {
    return this.targets.flatMap((peer) => this.mail.send(peer, message))
  }
}
